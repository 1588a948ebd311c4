"""``Balanced``: rare classes or slices are learned from as often as frequent ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.feeds.batches import Batches
from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions.sampling._thinned import Thinned
from undertow.lab.interventions.site import AbstractSampling, SamplingRun
from undertow.lab.trainings.training import Given


@dataclass(frozen=True)
class Balanced(AbstractSampling):
    """Keeps examples of frequent values of ``by`` less often, so that an epoch learns from all
    values equally often: ``class``, or a slice of the training part, where an empty value counts as
    a value.

    A candidate whose value has n examples is kept with probability min(1, c / n), drawn anew in
    each epoch, and learned from in whole batches, without weights; what waits is learned from at
    the epoch's end. Without ``share``, c is the count of the rarest value. With it, c is such that
    this share of all examples is expected: values with fewer than c examples are kept whole, so
    balance is as near as the share allows. No example comes twice in an epoch, which is where this
    differs from drawing with replacement. No scores.

    Raises ``ValueError`` for a share that is not above 0 and up to 1, ``UserError`` where the
    training part has no such slice.
    """

    by: str = "class"
    share: float | None = None

    def __post_init__(self) -> None:
        if self.share is not None and not 0 < self.share <= 1:
            raise ValueError(f"{self!r}: share is above 0 and up to 1, or None")

    def start(self, given: Given, batches: Batches) -> SamplingRun:
        """Begin: count each value's examples."""
        chance_N = chances(self._values(given.data), self.share)
        return Thinned(given, batches, torch.from_numpy(chance_N).to(given.data.device))

    def _values(self, data: Feed) -> NDArray[np.int64]:
        """(N,): each example's value, as a number."""
        if self.by == "class":
            return data.train_y_N.cpu().numpy()
        slices = data.train_slices
        if self.by not in slices.columns:
            has = ", ".join(("class", *slices.columns))
            raise UserError(f"{self!r}: the training part has no slice {self.by!r}; it has {has}")
        place_N = slices[self.by].cast(pl.String).rank("dense").fill_null(0)
        return place_N.to_numpy().astype(np.int64)


def chances(value_N: NDArray[np.int64], share: float | None) -> NDArray[np.float64]:
    """(N,): min(1, c / n) for examples whose value n examples have, with c the smallest n, or such
    that their sum is ``share`` · N."""
    _, group_N, count_G = np.unique(value_N, return_inverse=True, return_counts=True)
    level = float(count_G.min()) if share is None else _level(count_G, share * len(value_N))
    chance_N: NDArray[np.float64] = np.minimum(1.0, level / count_G)[group_N]
    return chance_N


def _level(count_G: NDArray[np.int64], total: float) -> float:
    """c with Σ min(n, c) = ``total``."""
    left, rising_G = total, np.sort(count_G)
    for done, count in enumerate(rising_G):
        even = left / (len(rising_G) - done)
        if even <= count:
            return float(even)
        left -= count
    return float(rising_G[-1])
