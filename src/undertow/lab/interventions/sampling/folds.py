"""``Folds``: each member leaves out one fold of the training examples, as in cross-validation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from undertow.lab.feeds.batches import Batches
from undertow.lab.interventions.sampling._part import PartRun
from undertow.lab.interventions.site import AbstractSampling, SamplingRun
from undertow.lab.trainings.noise import mixed
from undertow.lab.trainings.training import Given

APART = 1 << 42
"""In place of a step: the draw of folds shares nothing with what a training draws."""


def folds(seed: int, y_N: Tensor, k: int) -> Tensor:
    """(N,): the fold of each example, 0 … k − 1. Those of a class are dealt in random order, one to
    each fold in turn, and the next class goes on where the last one ended: folds, and a class in
    them, differ in size by one at most."""
    source = torch.Generator().manual_seed(seed)
    drawn_N = torch.randperm(len(y_N), generator=source)
    dealt_N = drawn_N[torch.sort(y_N.cpu()[drawn_N], stable=True).indices]
    fold_N = torch.empty(len(y_N), dtype=torch.int64)
    fold_N[dealt_N] = torch.arange(len(y_N)) % k
    return fold_N


@dataclass(frozen=True)
class Folds(AbstractSampling):
    """Member m learns from all training examples but those of fold m mod ``k``, the same in all
    epochs: of every ``k`` members in a row, one never learned from a given example (out-of-fold
    answers, as 1911.00068 asks for).

    Folds are stratified by the label that training sees, and drawn by ``seed`` anew for every ``k``
    members: the first ``k`` share one division of the examples, the next ``k`` another. So give a
    multiple of ``k`` members; with others, some examples are left out more often than others. Steps
    are those of a training on all examples, each with what its batch has of the other folds, so
    batches are smaller by 1 / ``k`` and differ in size. What members make of what they left out:
    the probes ``LearnedFrom`` and ``TrainingProbabilities``. Raises ``ValueError`` for fewer than 2
    folds or a seed below 0; in training for more folds than examples.
    """

    k: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.k < 2 or self.seed < 0:
            raise ValueError(f"{self!r}: k is 2 folds or more, seed is 0 or more")

    def start(self, given: Given, batches: Batches) -> SamplingRun:
        """Deal the folds of the one member that trains."""
        y_N = given.data.train_y_N
        if len(y_N) < self.k:
            raise ValueError(f"{self!r}: there are {len(y_N)} training examples; give k up to that")
        turn, left_out = divmod(given.number, self.k)
        fold_N = folds(mixed(mixed(self.seed, APART), turn), y_N, self.k)
        return PartRun((fold_N != left_out).to(y_N.device))
