"""What a training tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["note", "kept", "started", "epoch", "done", "failed", "diverged"]


@dataclass(frozen=True)
class Event:
    """One thing that happened to a member. ``kept`` is one found finished on resuming; ``failed``
    and ``diverged`` come with the reason. A ``note`` is about the whole population: which runner
    was chosen, what arithmetic, and why."""

    kind: Kind
    population: str
    member: str
    members: int
    """How many the population has."""
    epoch: int = 0
    epochs: int = 0
    images: int = 0
    """Training images that the member saw in the epoch that ended."""
    reason: str = ""
    trace: str = ""
    """Of a member that failed: the whole traceback."""


Watcher = Callable[[Event], None]
