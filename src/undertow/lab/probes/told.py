"""``Told``: what a sampler and an objective say of themselves, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import torch
from torch import Tensor

from undertow.lab.interventions.site import ObjectiveRun, SamplingRun
from undertow.lab.probes.probe import Found, Probe, ProbeRun
from undertow.lab.trainings.phases import PhasesRun
from undertow.lab.trainings.supervised import SupervisedRun
from undertow.lab.trainings.training import Given, TrainingRun
from undertow.records.schema import ProbeEntry


@dataclass(frozen=True)
class Told(Probe):
    """What a sampler and an objective say of themselves at each epoch's end, a column of the series
    for each number. A column is ``WORD GROUP``: a group is a class by its number, or a value of a
    slice.

    ``Robust`` and ``RobustDistillation`` tell of each group its multiplier ``lambda``, what counts
    in the loss, ``beta``, and the error that λ last grew by, ``held_out_error`` (NaN before the
    first update); ``GroupDRO`` tells ``lambda``; ``Reducr`` of each class its ``weight`` and the
    network's ``held_out_loss`` when the epoch began. Others tell nothing. In an epoch of another
    phase values are NaN.
    """

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
    """Values (M,) by name for each epoch that had any."""

    def __init__(self, members: int) -> None:
        self.members, self.epoch = members, 0
        self.told_E: dict[int, dict[str, Tensor]] = {}

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Ask whatever acts in the training under way; copies, since it goes on."""
        self.epoch = epoch
        for acting in _acting(run):
            for name, value_M in acting.told().items():
                kept = self.told_E.setdefault(epoch, {})
                if name in kept:
                    raise ValueError(
                        f"the sampler and the objective both tell {name!r}; rename one of them"
                    )
                kept[name] = value_M.to("cpu", torch.float64, copy=True)

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
        self.told_E = {int(e): dict(told) for e, told in state_dict.get("told", {}).items()}


def _acting(run: TrainingRun) -> list[SamplingRun | ObjectiveRun]:
    """In the training under way; nothing where it has no such sites."""
    while isinstance(run, PhasesRun):
        run = run.run
    return [*run.sampling, run.objective] if isinstance(run, SupervisedRun) else []


def _place(name: str) -> tuple[str, int, str]:
    """Columns of one word together, and class 2 before class 10, whatever order a checkpoint gives
    them back in."""
    word, _, group = name.partition(" ")
    return word, int(group) if group.isdecimal() else -1, group
