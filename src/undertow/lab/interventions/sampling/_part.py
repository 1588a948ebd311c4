"""A run that learns from the same part of the training examples in all epochs."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from undertow.lab.feeds.batches import Batch
from undertow.lab.interventions.sampling._held import rows
from undertow.lab.interventions.site import Chosen, SamplingRun, Score


class PartRun(SamplingRun):
    """``learned_N`` says which of the training examples are learned from."""

    def __init__(self, learned_N: Tensor) -> None:
        self.learned_N = learned_N

    def choose(self, t: int, candidates: Batch, score: Score) -> Chosen | None:
        """Those of the part, in their order."""
        learned_B = self.learned_N[candidates.index_B]
        if learned_B.all():
            return Chosen(candidates)
        kept = learned_B.nonzero()[:, 0]
        return Chosen(rows(candidates, kept)) if len(kept) else None

    def state_dict(self) -> dict[str, Tensor]:
        """Nothing: a seed draws the part."""
        return {}

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Nothing to put back."""
