"""``OneShotPruning``: take a trained member, remove its smallest weights at once, and train what is
left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from torch import nn

from undertow.lab.interventions.site import AbstractWeights, Effect, Horizon, WeightsRun
from undertow.lab.interventions.weights._gradual import check_of, check_scope, check_sparsity
from undertow.lab.interventions.weights._masks import MaskedWeights, Of, magnitude_masks
from undertow.lab.recipe import Recipe

if TYPE_CHECKING:
    from undertow.lab.trainings.training import Training


@dataclass(frozen=True)
class OneShotPruning(AbstractWeights):
    """One-shot magnitude pruning of a trained parent member, then ``finetune`` with the mask fixed
    (2207.00200).

    ``finetune`` is a recipe or any other training; in ``Phases`` the mask is fixed in the first
    phase, and a later one may only leave the pruned layers alone (``LinearProbe``). ``None`` leaves
    the pruned weights as they are. The paper ranks all weights together (``scope="global"``) and
    counts linear biases among them; here biases are never removed, and with ``of="encoder"`` the
    head is left whole.
    """

    derives: ClassVar[bool] = True

    sparsity: float
    finetune: Recipe | Training | None = None
    scope: Literal["layer", "global"] = "global"
    of: Of = "model"

    def __post_init__(self) -> None:
        check_of("OneShotPruning", self.of)
        check_sparsity("OneShotPruning", self.sparsity)
        check_scope("OneShotPruning", self.scope)

    def start(self, model: nn.Module, horizon: Horizon) -> WeightsRun:
        masked = MaskedWeights(model, self.of)
        masked.set(magnitude_masks(list(masked.masters.values()), self.sparsity, self.scope))
        return _FixedMask(repr(self), masked)


class _FixedMask(WeightsRun):
    def __init__(self, owner: str, masked: MaskedWeights) -> None:
        self.owner, self.masked = owner, masked

    def after_step(self, step: int) -> None:
        """Nothing: the mask stays as it is."""

    def finish(self) -> Effect:
        return self.masked.bake(self.owner)
