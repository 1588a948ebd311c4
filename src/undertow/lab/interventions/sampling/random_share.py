"""``RandomShare``: a share of the examples drawn without a look at them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from undertow.lab.feeds.batches import Batches
from undertow.lab.interventions.sampling._thinned import Thinned
from undertow.lab.interventions.site import AbstractSampling, SamplingRun
from undertow.lab.trainings.training import Given


@dataclass(frozen=True)
class RandomShare(AbstractSampling):
    """Keeps each candidate with probability ``share`` and learns from the kept in whole batches:
    the control of ``SelectiveBackprop(beta)`` at ``share=1/(beta + 1)``, with as many updates and
    back-props, and without scores.

    The first ``warm`` epochs learn from everything, as there. What waits for a whole batch is
    learned from at the epoch's end. Raises ``ValueError`` for a share that is not above 0 and up to
    1, or ``warm`` below 0.
    """

    share: float
    warm: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or self.warm < 0:
            raise ValueError(f"{self!r}: share is above 0 and up to 1, warm is 0 or more")

    def start(self, given: Given, batches: Batches) -> SamplingRun:
        """Begin: every example has the same chance."""
        y_N = given.data.train_y_N
        chance_N = torch.full(y_N.shape, self.share, dtype=torch.float64, device=y_N.device)
        return Thinned(given, batches, chance_N, self.warm)
