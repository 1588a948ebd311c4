"""What every probe is: a frozen description that starts a run, and a run that is shown a training.

A probe reads in one of three ways, and its card in the manifest says which. *Seen*: what each step
saw (``Done``), in the network's train mode and at the moment of the step. *Asked*: fixed examples
put to the network after an epoch (``asking.py``). *After backward*: gradients, which are there from
one step to the next. None of them changes a byte of a member: it has the same weights with probes
and without.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

import polars as pl

from undertow.lab.trainings.training import Done, Given, TrainingRun
from undertow.records.schema import ProbeEntry


class Size(NamedTuple):
    """What the space that a probe takes depends on: examples of the parts, classes, and bytes of a
    member's weights."""

    train: int
    test: int
    classes: int
    weights: int
    held_out: int = 0


@dataclass(frozen=True, eq=False)
class Found:
    """What one probe found on one member.

    ``per_example`` has a row per example of the probe's part, in its order, and columns of arrays
    (E,), one value per epoch of the probe's entry. ``series`` has ``epoch`` and columns of float64.
    ``snapshots`` are safetensors files by epoch, which are kept beside the record.
    """

    per_example: pl.DataFrame | None = None
    series: pl.DataFrame | None = None
    snapshots: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """One column of a probe's values per example, described for people.

    ``range`` says which values there are, ``hard`` which of them hard examples have, ``undefined``
    where there is none.
    """

    name: str
    formula: str
    range: str
    hard: Literal["high", "low", "neither"]
    undefined: str
    source: str
    cost: str


class ProbeRun(ABC):
    """A probe at work on one member, or on several that train in one step. It is shown each step
    and the end of each epoch."""

    def after_step(self, t: int, done: Done, run: TrainingRun) -> None:  # noqa: B027
        """Step ``t`` is done; the gradients of ``run.network()`` are those of its batch."""

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:  # noqa: B027
        """Epoch ``epoch`` (from 1 on) is over."""

    @abstractmethod
    def found(self) -> list[Found]:
        """What was found on each member; called after the last epoch."""

    @abstractmethod
    def state_dict(self) -> Mapping[str, Any]:
        """All that it has so far: tensors and numbers by name."""

    @abstractmethod
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put back what ``state_dict`` gave."""


class Probe(ABC):
    """A quantity that needs the model while it trains. Its ``repr`` evaluates back to an equal
    object and goes into the manifest. ``columns`` are the cards of its values per example."""

    columns: ClassVar[tuple[Column, ...]] = ()
    of_weights: ClassVar[bool] = False
    """Whether it needs nothing but a finished member's weights, so that it can be asked of one
    later (``lab/finished.py``)."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Of its folder; two of one name are refused. Columns of a series are in one frame with
        those of other probes, so they need names of their own too."""

    @abstractmethod
    def entry(self, epochs: int) -> ProbeEntry:
        """What the manifest says of it in a training of so many epochs."""

    @abstractmethod
    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin, on members that are about to train for so many epochs."""

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """About how much it keeps for each member, in memory and in the end on disk."""
        return 0


def of_the_last_epoch(probe: Probe, part: Literal["train", "test"], epochs: int) -> ProbeEntry:
    """What the manifest says of one that asks each member once, at the end, about clean examples of
    ``part``."""
    last = (epochs,) if epochs else ()
    return ProbeEntry(description=repr(probe), epochs=last, part=part, mode="eval", view="clean")
