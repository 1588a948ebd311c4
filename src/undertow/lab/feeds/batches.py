"""What each step of a training sees: a function of the step and of the streams ``order`` and
``augment``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from undertow.lab.feeds.augment import Draws, augmented, draws_of_epoch, order_of_epoch
from undertow.lab.feeds.feed import Feed
from undertow.lab.recipe import Recipe


class Batch(NamedTuple):
    """Which examples, as pixels and labels: (B,), (B, C, H, W) and (B,). For several members all
    have an axis M in front, but for images that all of them share."""

    index_B: Tensor
    x_BCHW: Tensor
    y_B: Tensor


def batches_per_epoch(data: Feed, recipe: Recipe) -> int:
    """How many batches hold all training examples, the last of which may be short."""
    return math.ceil(len(data.train_y_N) / recipe.batch)


class Batches:
    """The batches of one member, or of several ``together``: each has its own order and its own
    crops and flips.

    Every epoch goes through all training examples, and its last batch may be short.
    """

    def __init__(
        self, data: Feed, recipe: Recipe, seeds_M: Sequence[Mapping[str, int]], together: bool
    ) -> None:
        self.data, self.recipe, self.together = data, recipe, together
        self.M, self.examples = len(seeds_M), len(data.train_y_N)
        self.shared = len({(seeds["order"], seeds["augment"]) for seeds in seeds_M}) == 1
        self._seeds = list(seeds_M[:1] if self.shared else seeds_M)
        self.per_epoch = batches_per_epoch(data, recipe)
        self._next = -1

    def batch(self, t: int) -> Batch:
        """What step ``t`` sees. Steps in their order are read ahead; any other costs a new
        plan."""
        epoch, place = divmod(t, self.per_epoch)
        if place == 0 or t != self._next:
            self._plan(epoch, place)
        self._next = t + 1
        index_B, y_B, drawn_B = (part[place] for part in (self._index, self._y, self._drawn))
        images = self.data.train_batch(index_B.flatten())
        images = augmented(images, drawn_B.flatten(), self._draws, self.recipe, self.data.black_C)
        if self.together and not self.shared:
            images = images.reshape(*index_B.shape, *images.shape[1:])
        if self.together and self.shared:
            index_B, y_B = index_B.expand(self.M, -1), y_B.expand(self.M, -1)
        return Batch(index_B, images, y_B)

    def _plan(self, epoch: int, place: int) -> None:
        """Draw an epoch's order, crops and flips, and tell the feed what comes from ``place``
        on."""
        # drawn on the CPU, and sent to the device once and not member by member
        when, cpu = (epoch, self.examples), torch.device("cpu")
        order_MN = torch.stack([order_of_epoch(s["order"], *when, cpu) for s in self._seeds])
        order_MN = order_MN.to(self.data.device)
        draws_M = [draws_of_epoch(self.recipe, s["augment"], *when, cpu) for s in self._seeds]
        self._draws = Draws.together([draws for draws in draws_M if draws], self.data.device)
        # members' draws lie one behind the other
        row_M1 = torch.arange(len(self._seeds), device=self.data.device)[:, None] * self.examples
        self._index, self._drawn, self._y = (
            torch.split(
                part_MN if self.together and not self.shared else part_MN[0],
                self.recipe.batch,
                dim=-1,
            )
            for part_MN in (order_MN, order_MN + row_M1, self.data.train_y_N[order_MN])
        )
        ahead = torch.cat([index_B.flatten() for index_B in self._index[place:]])
        self.data.plan_epoch(ahead, self.recipe.batch * len(self._seeds))
