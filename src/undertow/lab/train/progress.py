"""What a training tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Event:
    """One thing that happened. ``kept`` is a member found finished on resuming; ``failed`` comes with its reason."""

    kind: Literal["kept", "started", "epoch", "done", "failed"]
    population: str
    member: str
    members: int
    """How many the population has."""
    epoch: int = 0
    epochs: int = 0
    reason: str = ""


Watcher = Callable[[Event], None]
