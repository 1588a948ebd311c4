"""``VarianceReduction``: examples drawn in proportion to their loss, or to the size of their
gradient and weighted back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from undertow.lab.feeds.batches import Batch, Batches
from undertow.lab.interventions.sampling._draws import Draws
from undertow.lab.interventions.sampling._held import Presample, rows
from undertow.lab.interventions.site import AbstractSampling, Chosen, SamplingRun, Score
from undertow.lab.trainings.training import Given


@dataclass(frozen=True)
class VarianceReduction(AbstractSampling):
    """Importance sampling (1803.00942) as 2107.07741 runs it: candidates are gathered until
    ``keep`` of them are a batch, that many are drawn with probability in proportion to their loss,
    and their mean loss is descended. There are no weights, no first epoch that learns from
    everything and no threshold, unlike the original: the mean gradient is shifted to examples of
    high loss.

    ``unbiased`` draws in proportion to ‖softmax − one-hot‖₂, which bounds the gradient, and weights
    each of the N candidates by 1 / (N p), so that the mean gradient is that of all. Draws are with
    replacement in both; 2107.07741 does not say which it takes. Scores are in eval mode. The
    learning rate goes by candidates. A presample is cut at an epoch's end.

    Raises ``ValueError`` for ``keep`` that is not above 0 and up to 1.
    """

    keep: float
    unbiased: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.keep <= 1:
            raise ValueError(f"{self!r}: keep is above 0 and up to 1")

    def start(self, given: Given, batches: Batches) -> SamplingRun:
        """Begin with an empty presample."""
        return _Drawing(self, given, batches)


class _Drawing(SamplingRun):
    def __init__(self, what: VarianceReduction, given: Given, batches: Batches) -> None:
        self.what, self.draws = what, Draws(given)
        self.presample = Presample(batches, what.keep)

    def choose(self, t: int, candidates: Batch, score: Score) -> Chosen | None:
        """Draw where the presample is complete."""
        if self.what.unbiased:
            value_B = error_norm(score.logits(candidates), candidates.y_B)
        else:
            value_B = score(candidates)
        self.presample.add(candidates, value_B)
        gathered = self.presample.gathered(t)
        if gathered is None:
            return None
        batch, value_B, count = gathered
        place_K, weight_K = drawn(value_B, self.draws.of_places(t, count, value_B.device))
        return Chosen(rows(batch, place_K), weight_K if self.what.unbiased else None)

    def state_dict(self) -> dict[str, Tensor]:
        """The presample so far."""
        return self.presample.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put it back."""
        self.presample.load_state_dict(state_dict)


def error_norm(logits_BC: Tensor, y_B: Tensor) -> Tensor:
    """(B,): ‖softmax(logits) − one-hot(y)‖₂."""
    p_BC = logits_BC.softmax(-1)
    one = torch.ones_like(p_BC[:, :1])
    size_B: Tensor = torch.linalg.vector_norm(p_BC.scatter_add(-1, y_B[:, None], -one), dim=-1)
    return size_B


def drawn(score_B: Tensor, uniform_K: Tensor) -> tuple[Tensor, Tensor]:
    """K places drawn with replacement, by p = score / Σ score, and 1 / (B p) of each, in the type
    of the scores. All have the same p where scores are all 0 or not finite."""
    p_B = score_B.to(torch.float64)
    p_B = p_B / p_B.sum()
    p_B = torch.where(p_B.isfinite().all(), p_B, torch.full_like(p_B, 1 / len(p_B)))
    place_K = torch.searchsorted(p_B.cumsum(0), uniform_K, right=True).clamp(max=len(p_B) - 1)
    return place_K, (1 / (len(p_B) * p_B[place_K])).to(score_B.dtype)
