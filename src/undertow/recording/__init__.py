"""A record from a person's own training loop: ``undertow.Recorder``, which needs no torch."""

from undertow.recording.member import Member as Member
from undertow.recording.recorder import Recorder as Recorder

__all__ = ["Member", "Recorder"]
