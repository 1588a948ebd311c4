"""``MagnitudePruning``: the smallest weights go, gradually, while training continues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from undertow.lab.interventions.site import AbstractWeights, Horizon
from undertow.lab.interventions.weights._gradual import (
    GradualRun,
    check_of,
    check_scope,
    check_sparsity,
)
from undertow.lab.interventions.weights._masks import MaskedWeights, Of, magnitude_masks
from undertow.lab.interventions.weights._schedule import Window


@dataclass(frozen=True)
class MagnitudePruning(AbstractWeights):
    """Gradual magnitude pruning (Zhu & Gupta, 1710.01878), as 1911.05248, 2010.03058 and 2110.03036
    use it.

    The share of zeros follows the cubic schedule from ``begin`` to ``end``, with new masks each
    ``every``, all three in fractions of training (1911.05248 on CIFAR-10: 1,000 to 20,000 each 500
    of 80,000 steps is ``begin=0.0125, end=0.25, every=0.00625``). The last mask always comes at
    ``end``, so the target is met to within half a weight per layer; ``recovery`` is the least
    fraction of training that must follow.

    ``scope="layer"`` removes the same share of every matrix and filter bank (the papers),
    ``"global"`` ranks all weights together. With ``regrow`` masks are chosen anew among the dense
    master weights, so that a removed one can come back (the papers); without it masks nest, as in
    ``torch.nn.utils.prune``. Biases and norms are left alone; with ``of="encoder"`` so is the head,
    the layer that turns features into logits.

    Departs from the papers: ties go by position instead of at random.
    """

    sparsity: float
    begin: float = 0.1
    end: float = 0.6
    every: float = 0.01
    scope: Literal["layer", "global"] = "layer"
    regrow: bool = True
    recovery: float = 0.2
    of: Of = "model"

    def __post_init__(self) -> None:
        check_sparsity("MagnitudePruning", self.sparsity)
        check_of("MagnitudePruning", self.of)
        check_scope("MagnitudePruning", self.scope)
        self._window.check("MagnitudePruning")

    @property
    def _window(self) -> Window:
        return Window(self.begin, self.end, self.every, self.recovery)

    def start(self, model: nn.Module, horizon: Horizon) -> GradualRun:
        masked = MaskedWeights(model, self.of)

        def choose(sparsity: float) -> list[Tensor]:
            held = None if self.regrow else [mask.keep for mask in masked.masks.values()]
            return magnitude_masks(list(masked.masters.values()), sparsity, self.scope, held)

        return GradualRun(
            repr(self), masked, self._window.targets(horizon.steps, self.sparsity), choose
        )
