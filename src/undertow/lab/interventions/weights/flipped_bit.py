"""``FlippedBit``: the smallest change of an initial weight that there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from undertow.errors import NoEffectError
from undertow.lab.interventions.site import (
    AbstractWeights,
    Effect,
    Horizon,
    WeightsRun,
    weight_layers,
)
from undertow.lab.trainings.noise import mixed

BITS = {torch.float32: torch.int32, torch.float64: torch.int64}
"""The whole numbers of as many bits."""


@dataclass(frozen=True)
class FlippedBit(AbstractWeights):
    """The lowest bit of the fraction of ``count`` initial weights is flipped before the first step:
    about 6e-8 of each weight in float32.

    A replication found that one such change spreads members as far apart as another initialisation
    does (2103.04514), so it stands for noise of implementation where kernels have none. Which
    weights is drawn, of all entries of matrices and filters that are neither 0 nor denormal, by
    ``seed`` and the member's number: members of a population with ``SeedPlan(vary=())`` differ by
    this alone. The first steps can round a change away: of forty members with one bit flipped, one
    or two ended a training of six steps in the bits of the baseline, none with twenty flipped.

    ``weight`` and ``index`` name one instead, by the name of its parameter and its
    place in it, flattened. Facts: ``weights_changed``, and ``flipped``, the largest change.

    ``NoEffectError`` for ``count=0``. Raises ``ValueError`` for numbers below 0, for ``weight``
    without ``index``, for a named one beside another ``count`` than 1, and in training for a weight
    that is not there, is 0, or for more weights than there are.
    """

    by_itself: ClassVar[str] = (
        "which weights change belongs to the member's number, which a stack does not know"
    )

    seed: int = 0
    count: int = 1
    weight: str = ""
    index: int | None = None

    def __post_init__(self) -> None:
        if min(self.seed, self.count, self.index or 0) < 0:
            raise ValueError(f"{self!r}: seed, count and index are 0 or more")
        named = bool(self.weight)
        if named != (self.index is not None) or (named and self.count != 1):
            raise ValueError(
                f"{self!r}: one weight is named by weight and index, and then count is 1"
            )

    def start(self, model: nn.Module, horizon: Horizon) -> WeightsRun:
        """Flip, before the optimizer is there."""
        layers = weight_layers(model)
        chosen = self._named(layers) if self.weight else self._drawn(layers, horizon.number)
        moved = [_flip(layers[name], place) for name, place in chosen]
        return _Flipped(repr(self), moved)

    def _named(self, layers: dict[str, nn.Parameter]) -> list[tuple[str, int]]:
        assert self.index is not None
        layer = layers.get(self.weight)
        if layer is None or self.index >= layer.numel():
            there = ", ".join(f"{name} has {w.numel():,}" for name, w in layers.items())
            raise ValueError(f"{self!r}: there is no such weight ({there})")
        if not _usual(layer).flatten()[self.index]:
            raise ValueError(f"{self!r}: this weight is 0 or denormal; name another one")
        return [(self.weight, self.index)]

    def _drawn(self, layers: dict[str, nn.Parameter], number: int) -> list[tuple[str, int]]:
        able = {name: _usual(w).flatten().nonzero().flatten().cpu() for name, w in layers.items()}
        entries = sum(map(len, able.values()))
        if self.count > entries:
            raise ValueError(f"{self!r}: {entries:,} weights are neither 0 nor denormal")
        source = torch.Generator().manual_seed(mixed(self.seed, number))
        drawn = torch.randperm(entries, generator=source)[: self.count].sort().values.tolist()
        found = []
        for name, places in able.items():
            found += [(name, int(places[entry])) for entry in drawn if 0 <= entry < len(places)]
            drawn = [entry - len(places) for entry in drawn]
        return found


def flipped(x: Tensor) -> Tensor:
    """Each number with the lowest bit of its fraction flipped."""
    return (x.view(BITS[x.dtype]) ^ 1).view(x.dtype)


def _usual(weight: Tensor) -> Tensor:
    return weight.detach().abs() >= torch.finfo(weight.dtype).tiny


@torch.no_grad()
def _flip(weight: nn.Parameter, place: int) -> float:
    """In place, wherever it lies in memory; by how much it moved."""
    where = torch.unravel_index(torch.tensor(place), weight.shape)
    before = weight[where].clone()
    weight[where] = flipped(before)
    return abs(float(weight[where]) - float(before))


class _Flipped(WeightsRun):
    def __init__(self, owner: str, moved: list[float]) -> None:
        self.owner, self.moved = owner, moved

    def after_step(self, step: int) -> None:
        """Nothing: training carries it on."""

    def finish(self) -> Effect:
        """How many weights were changed at the start."""
        if not self.moved:
            raise NoEffectError(f"{self.owner} changed no weight; give it a count")
        return Effect(len(self.moved), {"flipped": max(self.moved)})
