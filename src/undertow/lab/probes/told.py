"""``Told``: what a sampler says of itself, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from undertow.lab.probes.probe import Found, Probe, ProbeRun
from undertow.lab.trainings.training import Done, Given, TrainingRun
from undertow.records.schema import ProbeEntry


@dataclass(frozen=True)
class Told(Probe):
    """Numbers that what acts in a training says of itself at the end of each epoch, a column of the
    series for each: of ``Reducr`` the weight and the held-out loss of each class, ``weight_0``,
    ``held_out_loss_0`` …, by the class's number. Nothing where nothing is said."""

    @property
    def name(self) -> str:
        """``told``."""
        return "told"

    def entry(self, epochs: int) -> ProbeEntry:
        """After every epoch, of no example."""
        return ProbeEntry(description=repr(self), epochs=tuple(range(1, epochs + 1)))

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin with nothing told."""
        return _ToldRun(len(given.models))


class _ToldRun(ProbeRun):
    """Rows so far, by epoch; an epoch in which nothing was said has none."""

    def __init__(self, members: int) -> None:
        self.members = members
        self.now: dict[str, float] = {}
        self.rows: dict[int, dict[str, float]] = {}

    def after_step(self, t: int, done: Done, run: TrainingRun) -> None:
        """Hear it."""
        self.now |= done.told

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Keep it, and begin the next."""
        if self.now:
            self.rows[epoch] = self.now
        self.now = {}

    def found(self) -> list[Found]:
        """A row per epoch. What is said is of one member, as samplers choose for each by itself."""
        told = [{"epoch": epoch, **_in_order(row)} for epoch, row in sorted(self.rows.items())]
        return [Found(series=pl.DataFrame(told) if told else None) for _ in range(self.members)]

    def state_dict(self) -> Mapping[str, Any]:
        """Rows so far."""
        rows = {str(epoch): dict(row) for epoch, row in self.rows.items()}
        return {"now": dict(self.now), "rows": rows}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put them back."""
        self.now = _numbers(state_dict.get("now", {}))
        rows = state_dict.get("rows", {})
        self.rows = {int(epoch): _numbers(row) for epoch, row in rows.items()}


def _in_order(row: Mapping[str, float]) -> dict[str, float]:
    """``weight_2`` before ``weight_10``, since a checkpoint brings them back in any order."""
    return {name: row[name] for name in sorted(row, key=lambda name: (len(name), name))}


def _numbers(kept: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in kept.items()}
