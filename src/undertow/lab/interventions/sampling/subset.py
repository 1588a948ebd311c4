"""``Subset``: each member learns from its own part of the training examples alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from undertow.lab.feeds.batches import Batches
from undertow.lab.interventions.sampling._part import PartRun
from undertow.lab.interventions.site import AbstractSampling, SamplingRun
from undertow.lab.trainings.noise import mixed
from undertow.lab.trainings.training import Given

APART = 1 << 41
"""In place of an epoch: the draw of a subset shares nothing with the order of an epoch."""


def subset(seed: int, examples: int, share: float) -> Tensor:
    """(N,): which of the training examples are learned from, ``round(share · N)`` of them and one
    at least, each as likely as any other."""
    source = torch.Generator().manual_seed(mixed(seed, APART))
    kept = torch.randperm(examples, generator=source)[: max(1, round(share * examples))]
    learned_N = torch.zeros(examples, dtype=torch.bool)
    learned_N[kept] = True
    return learned_N


@dataclass(frozen=True)
class Subset(AbstractSampling):
    """Each member learns from ``share`` of the training examples, the same in all epochs, and from
    no other.

    Drawn at random over all classes, as in 2002.03206 and 2008.03703 (share 0.7 there), from the
    member's stream ``order``: where a seed plan does not vary that, all members have one subset.
    Steps are those of a training on all examples, each with what its batch has of the subset, so
    batches are smaller by 1 − ``share`` and differ in size. With ``share=1`` nothing changes. What
    members learned from and what not: the probe ``LearnedFrom``.
    """

    share: float = 0.7

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"{self!r}: share is more than 0 and at most 1")

    def start(self, given: Given, batches: Batches) -> SamplingRun:
        """Draw the subset of the one member that trains."""
        (seeds,) = given.seeds_M
        learned_N = subset(seeds["order"], len(given.data.train_y_N), self.share)
        return PartRun(learned_N.to(given.data.device))
