"""``OneShotPruning``: take a trained member, remove its smallest weights at once, and train what is
left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import nn

from undertow.lab.interventions.site import AbstractWeights, Effect, Horizon, WeightsRun
from undertow.lab.interventions.weights._gradual import check_scope, check_sparsity
from undertow.lab.interventions.weights._masks import MaskedWeights, magnitude_masks
from undertow.lab.recipe import Recipe


@dataclass(frozen=True)
class OneShotPruning(AbstractWeights):
    """One-shot magnitude pruning of a trained parent member, then ``finetune`` with the mask fixed
    (2207.00200).

    ``finetune=None`` leaves the pruned weights as they are. The paper ranks all weights together
    (``scope="global"``) and counts linear biases among them; here biases are never removed.
    """

    derives: ClassVar[bool] = True

    sparsity: float
    finetune: Recipe | None = None
    scope: Literal["layer", "global"] = "global"

    def __post_init__(self) -> None:
        check_sparsity("OneShotPruning", self.sparsity)
        check_scope("OneShotPruning", self.scope)

    def start(self, model: nn.Module, horizon: Horizon) -> WeightsRun:
        masked = MaskedWeights(model)
        masked.set(magnitude_masks(list(masked.masters.values()), self.sparsity, self.scope))
        return _FixedMask(repr(self), masked)


class _FixedMask(WeightsRun):
    def __init__(self, owner: str, masked: MaskedWeights) -> None:
        self.owner, self.masked = owner, masked

    def after_step(self, step: int) -> None:
        """Nothing: the mask stays as it is."""

    def finish(self) -> Effect:
        return self.masked.bake(self.owner)
