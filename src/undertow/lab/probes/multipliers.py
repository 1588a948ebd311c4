"""``Multipliers``: what an objective gives each group, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import torch
from torch import Tensor

from undertow.lab.interventions.site import ObjectiveRun
from undertow.lab.probes.probe import Found, Probe, ProbeRun
from undertow.lab.trainings.phases import PhasesRun
from undertow.lab.trainings.supervised import SupervisedRun
from undertow.lab.trainings.training import Given, TrainingRun
from undertow.records.schema import ProbeEntry


@dataclass(frozen=True)
class Multipliers(Probe):
    """Columns of the series for each group at each epoch's end: ``lambda GROUP``, its multiplier;
    under ``Robust`` and ``RobustDistillation`` also ``beta GROUP``, what counts in the loss, and
    ``held_out_error GROUP``, the error that λ last grew by (NaN before the first update).

    A group is a class by its number, or a value of a slice. Objectives without multipliers have no
    columns; in an epoch of another phase values are NaN.
    """

    @property
    def name(self) -> str:
        """``multipliers``."""
        return "multipliers"

    def entry(self, epochs: int) -> ProbeEntry:
        """No examples are looked at."""
        return ProbeEntry(description=repr(self), epochs=tuple(range(1, epochs + 1)))

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin with nothing."""
        return _MultipliersRun(len(given.models))


class _MultipliersRun(ProbeRun):
    """Values (M,) by name for each epoch that had any."""

    def __init__(self, members: int) -> None:
        self.members, self.epoch = members, 0
        self.told_E: dict[int, dict[str, Tensor]] = {}

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Ask the objective of the training under way."""
        self.epoch = epoch
        objective = _objective(run)
        told = {} if objective is None else objective.told()
        if told:
            # each alone in its memory, as a checkpoint wants it
            self.told_E[epoch] = {
                name: value_M.cpu().clone(memory_format=torch.contiguous_format)
                for name, value_M in told.items()
            }

    def found(self) -> list[Found]:
        """Of each member: a row per epoch."""
        names = sorted({name for told in self.told_E.values() for name in told}, key=_place)
        if not names:
            return [Found() for _ in range(self.members)]
        epochs = range(1, self.epoch + 1)
        none_M = torch.full((self.members,), torch.nan, dtype=torch.float64)
        value_QEM = {
            name: torch.stack([self.told_E.get(e, {}).get(name, none_M) for e in epochs])
            for name in names
        }
        first = pl.Series("epoch", epochs, dtype=pl.Int64)
        return [
            Found(
                series=pl.DataFrame(
                    [first, *(pl.Series(n, v_EM[:, m].numpy()) for n, v_EM in value_QEM.items())]
                )
            )
            for m in range(self.members)
        ]

    def state_dict(self) -> Mapping[str, Any]:
        """All rows so far."""
        return {"epoch": self.epoch, "told": {str(e): told for e, told in self.told_E.items()}}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put them back."""
        self.epoch = int(state_dict["epoch"])
        self.told_E = {
            int(e): {name: value_M.clone() for name, value_M in told.items()}
            for e, told in state_dict.get("told", {}).items()
        }


def _objective(run: TrainingRun) -> ObjectiveRun | None:
    """Of the training under way; None where it has no such site."""
    while isinstance(run, PhasesRun):
        run = run.run
    return run.objective if isinstance(run, SupervisedRun) else None


def _place(name: str) -> tuple[str, int, str]:
    """Columns of one word together, and class 2 before class 10, whatever order a checkpoint gives
    them back in."""
    word, _, group = name.partition(" ")
    return word, int(group) if group.isdecimal() else -1, group
