"""What is sent to wherever members are trained, and what comes back. Imports no torch."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from undertow.records.probes import Probed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from undertow.lab.population import Population
    from undertow.lab.runner.progress import Watcher

How = Literal["single", "stacked"]
"""``single`` trains the members of a chunk one after the other, ``stacked`` all of them in one
step."""


@dataclass(frozen=True)
class Job:
    """One member to make. ``parent_weights`` is None for one that is trained from scratch,
    ``teacher_weights`` for one that learns from labels."""

    index: int
    id: str
    parent_weights: Path | None = None
    teacher_weights: Path | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """A member's probabilities on the test part, in its order, what was measured on the way, its
    weights as the bytes of a safetensors file, and what its probes found."""

    proba_NC: NDArray[np.float32]
    facts: dict[str, float]
    seconds: float
    weights: bytes
    probed: Probed = field(default_factory=Probed)
    snapshots: dict[int, bytes] = field(default_factory=dict)
    """Weights at the end of epochs, as such files too."""
    processor_seconds: float | None = None
    """What this process worked on it, all threads; None where another device does the work."""


@dataclass(frozen=True)
class Diverged:
    """A member whose loss or predictions stopped being numbers. It would do so again, so it is kept
    as such, never tried again, and left out of every comparison."""

    reason: str


@dataclass(frozen=True)
class Failure:
    """Why a member could not be made. ``fatal`` stops the population: the design is wrong, not this
    member. ``trace`` is the whole traceback, for ``--debug`` alone."""

    reason: str
    fatal: bool = False
    trace: str = field(default="", compare=False)


Result = tuple[Job, Outcome | Diverged | Failure]


@dataclass(frozen=True)
class Work:
    """One population's members to make: ``chunks`` are trained apart from each other, each one as
    ``how`` says.

    A chunk's checkpoints go to ``unfinished`` while it trains, if this folder can be reached from
    where it does.
    """

    population: Population
    chunks: tuple[tuple[Job, ...], ...]
    how: How
    device: str
    unfinished: Path


class Place(Protocol):
    """Where chunks are trained: this process, processes beside it, a cluster."""

    def results(self, work: Work, watch: Watcher) -> Generator[Result, None, None]:
        """Yield every job's result, in any order, each as soon as it is there.

        Closing the generator early (an error, Ctrl-C) stops what still trains. A lost worker raises
        ``UndertowError`` where it cannot be replaced; results that were yielded stay valid.
        """
        ...

    def close(self) -> None:
        """Let go of workers; the place is of no use afterwards."""
        ...
