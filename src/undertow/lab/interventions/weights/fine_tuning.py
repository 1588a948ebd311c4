"""``FineTuning``: take a trained member and train it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

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
from undertow.lab.recipe import Recipe

if TYPE_CHECKING:
    from undertow.lab.trainings.training import Training


@dataclass(frozen=True)
class FineTuning(AbstractWeights):
    """Further training of a trained parent member by ``recipe``, or by any other training.

    With ``under(..., data=...)`` it goes on with other examples than it learned from. The optimizer
    begins anew. The fact ``moved`` is the norm of what weights changed by over their norm before.
    """

    derives: ClassVar[bool] = True

    recipe: Recipe | Training

    @property
    def finetune(self) -> Recipe | Training:
        """The further training."""
        return self.recipe

    def start(self, model: nn.Module, horizon: Horizon) -> WeightsRun:
        return _Moving(repr(self), model)


class _Moving(WeightsRun):
    """Weights as the parent left them follow from what is given, so no checkpoint has them."""

    def __init__(self, owner: str, model: nn.Module) -> None:
        self.owner, self.model = owner, model
        self.before = {name: each.detach().clone() for name, each in weight_layers(model).items()}

    def after_step(self, step: int) -> None:
        """Nothing: training moves them."""

    def finish(self) -> Effect:
        after = weight_layers(self.model)
        pairs = [(before, after[name].detach()) for name, before in self.before.items()]
        changed = sum(int((after != before).sum()) for before, after in pairs)
        if not changed:
            raise NoEffectError(
                f"{self.owner} changed no weight; train longer, or with a higher lr"
            )
        moved = _norm([after - before for before, after in pairs])
        return Effect(changed, {"moved": moved / _norm([before for before, _ in pairs])})


def _norm(parts: list[Tensor]) -> float:
    """Of all of them together."""
    return float(torch.stack([part.double().square().sum() for part in parts]).sum().sqrt())
