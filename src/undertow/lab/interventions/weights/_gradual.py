"""A mask that grows during training: what magnitude and random pruning have in common."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from undertow.lab.interventions.site import Effect, WeightsRun
from undertow.lab.interventions.weights._masks import MaskedWeights


class GradualRun(WeightsRun):
    """Sets the masks that ``choose(sparsity)`` gives at each step of ``targets``, and nothing in
    between."""

    def __init__(
        self,
        owner: str,
        masked: MaskedWeights,
        targets: dict[int, float],
        choose: Callable[[float], list[Tensor]],
    ) -> None:
        self.owner, self.masked, self.targets, self.choose = owner, masked, targets, choose

    def after_step(self, step: int) -> None:
        sparsity = self.targets.get(step + 1)
        if sparsity:
            self.masked.set(self.choose(sparsity))

    def finish(self) -> Effect:
        return self.masked.bake(self.owner)


def check_sparsity(owner: str, sparsity: float) -> None:
    """``ValueError`` unless it is a share below 1: a model without weights answers nothing."""
    if not 0 <= sparsity < 1:
        raise ValueError(
            f"{owner}(sparsity={sparsity!r}): the share of weights to remove, at "
            "least 0 and below 1"
        )


def check_of(owner: str, of: str) -> None:
    """``ValueError`` for a part of a model that does not exist."""
    if of not in ("model", "encoder"):
        raise ValueError(
            f"{owner}(of={of!r}): choose 'model' (all weights) or 'encoder' (all but the head's)"
        )


def check_scope(owner: str, scope: str) -> None:
    """``ValueError`` for a scope that does not exist."""
    if scope not in ("layer", "global"):
        raise ValueError(
            f"{owner}(scope={scope!r}): choose 'layer' (the same share of each) or 'global'"
        )
