"""``FixedMask``: a network that is sparse from the first step on, by a random mask that never
changes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from undertow.errors import NoEffectError
from undertow.lab.interventions.site import (
    AbstractWeights,
    Effect,
    Horizon,
    WeightsRun,
    weight_layers,
)
from undertow.lab.interventions.weights._masks import (
    MaskedWeights,
    draw_lots,
    keep_largest,
    sparsity_facts,
)
from undertow.lab.models.model import Model


@dataclass(frozen=True)
class FixedMask(AbstractWeights):
    """Exactly ``active[l]`` weights of layer l, drawn by lot from ``Horizon.seed``; the others are
    0 from before the first step to the end (same capacity, sparse against dense: 2102.01670).

    Layers are matrices and filters in the model's order; biases and norms stay. What is masked
    gets no gradient, so its momentum and moments are 0 too, and neither L2 nor decoupled decay
    revives it.

    ``scale`` multiplies the initial weights, layer by layer; ``()`` leaves them as they were drawn.
    ``"active"`` takes the fan-in of active weights in place of the layer's: a neuron that keeps a
    of n inputs starts with weights sqrt(n / a) times as large, which keeps the variance of what it
    passes on (2010.03533). The paper draws both networks from one distribution; then a narrow
    sparse network's signal dies out with depth, which is no effect of sparsity.

    ``ValueError`` where counts or scales do not fit the model's layers.
    """

    active: tuple[int, ...]
    scale: Literal["active"] | tuple[float, ...] = ()

    @classmethod
    def like(
        cls,
        narrow: Model,
        shape_CHW: tuple[int, int, int],
        classes: int,
        scale: Literal["active"] | tuple[float, ...] = (),
    ) -> FixedMask:
        """As many active weights in each layer as ``narrow`` has there: the sparse network of a
        pair of one capacity (2102.01670, same-capacity comparison)."""
        with torch.random.fork_rng(devices=[]):
            model = narrow.build(shape_CHW, classes)
        return cls(tuple(weight.numel() for weight in weight_layers(model).values()), scale)

    def start(self, model: nn.Module, horizon: Horizon) -> WeightsRun:
        masked = MaskedWeights(model)
        self._check(masked)
        lots = draw_lots(list(masked.masters.values()), horizon.seed)
        masks = [
            keep_largest(lot, 1 - count / lot.numel())
            for lot, count in zip(lots, self.active, strict=True)
        ]
        masked.set(masks)
        with torch.no_grad():
            weights = masked.masters.values()
            for weight, mask, factor in zip(weights, masks, self._factors(masked), strict=True):
                weight.mul_(factor).masked_fill_(~mask, 0)
        return _Held(repr(self), masked)

    def _factors(self, masked: MaskedWeights) -> list[float]:
        if self.scale == "active":
            return [
                math.sqrt(weight.numel() / count) if count else 1.0
                for weight, count in zip(masked.masters.values(), self.active, strict=True)
            ]
        return list(self.scale) or [1.0] * len(self.active)

    def _check(self, masked: MaskedWeights) -> None:
        sizes = {name: weight.numel() for name, weight in masked.masters.items()}
        said = ", ".join(f"{name} has {size:,}" for name, size in sizes.items())
        fits = len(self.active) == len(sizes) and all(
            0 <= count <= size for count, size in zip(self.active, sizes.values(), strict=True)
        )
        if not fits or (self.scale not in ("active", ()) and len(self.scale) != len(sizes)):
            raise ValueError(f"{self!r}: give one number for each layer of weights ({said})")


class _Held(WeightsRun):
    def __init__(self, owner: str, masked: MaskedWeights) -> None:
        self.owner, self.masked = owner, masked

    def after_step(self, step: int) -> None:
        """Nothing: what is 0 and gets no gradient stays 0."""

    def finish(self) -> Effect:
        removed = sum(int((~mask.keep).sum()) for mask in self.masked.masks.values())
        if not removed:
            raise NoEffectError(f"{self.owner} keeps every weight; give fewer active ones")
        self.masked.leave()
        return Effect(changed=removed, facts=sparsity_facts(self.masked.model))
