"""``RandomPruning``: as many weights go as under magnitude pruning, but which ones is drawn by
lot."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from undertow.lab.interventions.site import AbstractWeights, Horizon
from undertow.lab.interventions.weights._gradual import GradualRun, check_of, check_sparsity
from undertow.lab.interventions.weights._masks import (
    MaskedWeights,
    Of,
    draw_lots,
    keep_largest,
)
from undertow.lab.interventions.weights._schedule import Window


@dataclass(frozen=True)
class RandomPruning(AbstractWeights):
    """The control for ``MagnitudePruning``: same schedule, same count per layer, random choice.

    One lot per weight is drawn at the start from ``Horizon.seed`` and the lowest lots go first, so
    masks nest and never depend on the weights. ``begin``, ``end``, ``every`` and ``recovery`` are
    fractions of training. With ``of="encoder"`` the head keeps its weights.
    """

    sparsity: float
    begin: float = 0.1
    end: float = 0.6
    every: float = 0.01
    recovery: float = 0.2
    of: Of = "model"

    def __post_init__(self) -> None:
        check_sparsity("RandomPruning", self.sparsity)
        check_of("RandomPruning", self.of)
        self._window.check("RandomPruning")

    @property
    def _window(self) -> Window:
        return Window(self.begin, self.end, self.every, self.recovery)

    def start(self, model: nn.Module, horizon: Horizon) -> GradualRun:
        masked = MaskedWeights(model, self.of)
        lots = draw_lots(list(masked.masters.values()), horizon.seed)

        def choose(sparsity: float) -> list[Tensor]:
            return [keep_largest(lot, sparsity) for lot in lots]

        return GradualRun(
            repr(self), masked, self._window.targets(horizon.steps, self.sparsity), choose
        )
