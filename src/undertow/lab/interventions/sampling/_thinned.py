"""A run that keeps each candidate with a chance of its own, whatever the network makes of it."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from undertow.lab.feeds.batches import Batch, Batches
from undertow.lab.interventions.sampling._draws import Draws
from undertow.lab.interventions.sampling._held import Buffer, rows
from undertow.lab.interventions.site import Chosen, SamplingRun, Score
from undertow.lab.trainings.training import Given


class Thinned(SamplingRun):
    """``chance_N`` are those of all training examples; ``warm`` epochs keep everything."""

    def __init__(self, given: Given, batches: Batches, chance_N: Tensor, warm: int = 0) -> None:
        self.draws, self.buffer = Draws(given), Buffer(batches)
        self.chance_N, self.warm_steps = chance_N, warm * batches.per_epoch

    def choose(self, t: int, candidates: Batch, score: Score) -> Chosen | None:
        """Those that are kept wait for a whole batch."""
        if t >= self.warm_steps:
            index_B = candidates.index_B
            kept_B = self.draws.of_examples(t, index_B) < self.chance_N[index_B]
            candidates = rows(candidates, kept_B.nonzero()[:, 0])
        self.buffer.add(candidates)
        return self.buffer.batch(t)

    def state_dict(self) -> dict[str, Tensor]:
        """Those that wait."""
        return self.buffer.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put them back."""
        self.buffer.load_state_dict(state_dict)
