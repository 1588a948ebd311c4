"""``RhoLoss``: the examples whose loss is largest beyond what a held-out model loses on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from undertow.lab.feeds.batches import Batch, Batches
from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions._given import check_teacher_member
from undertow.lab.interventions.sampling._held import Presample, rows
from undertow.lab.interventions.site import AbstractSampling, Chosen, SamplingRun, Score
from undertow.lab.recipe import Precision
from undertow.lab.trainings.teacher import Teacher, logits_of_train
from undertow.lab.trainings.training import Given


@dataclass(frozen=True)
class RhoLoss(AbstractSampling):
    """Reducible holdout loss (2206.07137): of the gathered candidates the share ``keep`` with the
    largest loss − loss of the held-out model, descended without weights.

    The held-out model is the population's ``teacher``, which is trained first, on other rows of the
    same data: ``half = Half(data, "even")`` and a teacher on ``Half(data, "odd")``. Nothing checks
    that the rows are others. It is asked once about each training example, without augmentation and
    in eval mode. If the training crops or flips, the difference is biased by that: a view that is
    harder than the example seems more reducible. The held-out model is the one at the end of its
    training, where the paper takes the checkpoint with the lowest loss; scores are in eval mode,
    where its code has train mode. The held-out loss is cross-entropy with the label, whatever the
    training minimises.

    Candidates are gathered until ``keep`` of them are a batch of the recipe (the paper: 32 of 320).
    The learning rate goes by candidates. A presample is cut at an epoch's end. ``teacher_member``
    is the number of the one held-out model that serves all; None takes member m for member m.
    Raises ``ValueError`` for ``keep`` that is not above 0 and up to 1, or a negative member.
    """

    teaches: ClassVar[bool] = True

    keep: float = 0.1
    teacher_member: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.keep <= 1:
            raise ValueError(f"{self!r}: keep is above 0 and up to 1")
        check_teacher_member(self, self.teacher_member)

    def start(self, given: Given, batches: Batches) -> SamplingRun:
        """Begin by asking the held-out model about everything. ``ValueError`` without one."""
        if given.teacher is None:
            raise ValueError(f"{self!r} needs a held-out model")
        held_N = losses(given.teacher, given.data, batches.recipe.precision)
        return _Reducing(Presample(batches, self.keep), held_N)


class _Reducing(SamplingRun):
    """The losses of the held-out model follow from what is given, so no checkpoint has them."""

    def __init__(self, presample: Presample, held_N: Tensor) -> None:
        self.presample, self.held_N = presample, held_N

    def choose(self, t: int, candidates: Batch, score: Score) -> Chosen | None:
        """The first of the order, where the presample is complete."""
        self.presample.add(candidates, score(candidates) - self.held_N[candidates.index_B])
        gathered = self.presample.gathered(t)
        if gathered is None:
            return None
        batch, value_B, count = gathered
        first_K = value_B.argsort(descending=True, stable=True)[:count]
        return Chosen(rows(batch, first_K))

    def state_dict(self) -> dict[str, Tensor]:
        """The presample so far."""
        return self.presample.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put it back."""
        self.presample.load_state_dict(state_dict)


@torch.no_grad()
def losses(model: Teacher, data: Feed, precision: Precision) -> Tensor:
    """(N,): −log p of each training example's label, in nats, its image as it is."""
    logits_NC = torch.cat(list(logits_of_train(model, data, precision)))
    return F.cross_entropy(logits_NC, data.train_y_N, reduction="none")
