"""What samplers draw: functions of (stream ``order``, step) alone, so nothing is kept of them."""

from __future__ import annotations

import torch
from torch import Tensor

from undertow.lab.feeds.uniforms import uniforms
from undertow.lab.trainings.noise import mixed
from undertow.lab.trainings.training import Given

APART = 1 << 32
"""A step that no training has: it keeps these numbers apart from the order of examples."""


class Draws:
    """Uniform numbers in [0, 1) of one member, float64."""

    def __init__(self, given: Given) -> None:
        (seeds,) = given.seeds_M
        self._seed = mixed(seeds["order"], APART)

    def of_examples(self, t: int, index_B: Tensor) -> Tensor:
        """(B,): each belongs to (step, example), wherever the example stands in its batch."""
        return uniforms([mixed(self._seed, t)], index_B, 1)[:, 0]

    def of_places(self, t: int, count: int, device: torch.device) -> Tensor:
        """(count,): each belongs to (step, place)."""
        return self.of_examples(t, torch.arange(count, device=device))
