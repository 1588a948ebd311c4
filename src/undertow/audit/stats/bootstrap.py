"""Intervals by resampling: an arm's mean over members, and the worst slice with its selection inside the loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.floating[Any]]

BLOCK = 2_000_000
"""Draws × examples at a time."""


class WorstSlice(NamedTuple):
    """The lowest slice accuracy in each population, which slice that is, and the change with its interval."""

    index_reference: int
    index_variant: int
    reference: float
    changed: float
    effect: float
    low: float
    high: float


def bootstrap_mean(value_M: Floats, *, draws: int, level: float, rng: np.random.Generator) -> tuple[float, float]:
    """Interval of the mean over members: percentiles of resampled means, widened for few members.

    Plain percentiles of 5 members are a quarter too narrow. Hesterberg's (2015) expansion reads them at the level
    whose normal quantile is √(m/(m−1)) times Student's. NaN for one member or any NaN.
    """
    value_M = np.asarray(value_M, dtype=np.float64)
    members = len(value_M)
    if members < 2 or np.isnan(value_M).any():
        return float("nan"), float("nan")
    tail = stats.norm.cdf(-np.sqrt(members / (members - 1)) * stats.t.isf(level / 2, members - 1))
    mean_D = value_M[rng.integers(0, members, size=(draws, members))].mean(axis=1)
    low, high = np.quantile(mean_D, [tail, 1 - tail])
    return float(low), float(high)


def worst_slice(
    correct_ref_MN: Floats,
    correct_var_MN: Floats,
    membership_GN: sp.csr_array,
    *,
    draws: int,
    level: float,
    rng: np.random.Generator,
    paired: bool,
) -> WorstSlice:
    """Lowest mean accuracy over slices, in each population, and how it changed.

    The worst of many noisy slices looks worse than any slice is, and is not the same slice twice. Each draw resamples
    members (pairs together where ``paired``) and examples and looks for its own worst slice. ``correct`` is 1, 0, or
    NaN where unknown. On each side the interval reaches as far as the percentile or the reversed percentile ("basic")
    bound, whichever is farther: a resampled minimum lies below the observed one about as far as that lies below the
    truth, which reversing mends where many slices compete for the minimum and overdoes where one stands out. In
    simulation (10 members, 1,500 examples, 10 or 100 slices, with and without damage) either alone fell to 92 or 84 %
    coverage at a nominal 95.

    Empty slices take no part. NaN and index −1 where no slice has an example.
    """
    pooled = [_Counted(correct_MN, membership_GN) for correct_MN in (correct_ref_MN, correct_var_MN)]
    observed_G = [side.accuracy(np.ones((1, side.members)), np.ones((1, side.examples)))[0] for side in pooled]
    index = [_lowest(value_G) for value_G in observed_G]
    before, after = (
        float(value_G[g]) if g >= 0 else float("nan") for value_G, g in zip(observed_G, index, strict=True)
    )
    effect = after - before
    if np.isnan(effect):
        return WorstSlice(index[0], index[1], before, after, effect, float("nan"), float("nan"))
    changed_D = np.concatenate(list(_resampled(pooled, draws, rng, paired)))
    below, above = np.nanquantile(changed_D, [level / 2, 1 - level / 2])
    low, high = min(below, 2 * effect - above), max(above, 2 * effect - below)
    return WorstSlice(index[0], index[1], before, after, effect, float(low), float(high))


class _Counted:
    """Right answers of one population, summed over slices under weights for members and examples."""

    def __init__(self, correct_MN: Floats, membership_GN: sp.csr_array) -> None:
        self.known_MN = ~np.isnan(correct_MN)
        self.right_MN = np.where(self.known_MN, correct_MN, 0).astype(np.float64)
        self.complete = bool(self.known_MN.all())
        self.membership_NG = sp.csr_array(sp.csr_array(membership_GN).T, dtype=np.float64)
        self.members, self.examples = correct_MN.shape

    def accuracy(self, member_DM: Floats, example_DN: Floats) -> Floats:
        """Mean over members and examples of each slice: (D, G), NaN where a slice is empty."""
        right_DG: Floats = ((member_DM @ self.right_MN) * example_DN) @ self.membership_NG
        if self.complete:
            asked_DG: Floats = (example_DN @ self.membership_NG) * self.members
        else:
            asked_DG = ((member_DM @ self.known_MN.astype(np.float64)) * example_DN) @ self.membership_NG
        accuracy_DG: Floats = np.full(right_DG.shape, np.nan)
        np.divide(right_DG, asked_DG, out=accuracy_DG, where=asked_DG > 0)
        return accuracy_DG


def _resampled(pooled: list[_Counted], draws: int, rng: np.random.Generator, paired: bool) -> Iterator[Floats]:
    """Change of the lowest slice in each draw, block by block."""
    reference, variant = pooled
    step = max(1, BLOCK // max(reference.examples, 1))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        example_DN = _counts(rng, size, reference.examples)
        member_DM = _counts(rng, size, reference.members)
        other_DM = member_DM if paired else _counts(rng, size, variant.members)
        before_DG, after_DG = reference.accuracy(member_DM, example_DN), variant.accuracy(other_DM, example_DN)
        yield np.fmin.reduce(after_DG, axis=1) - np.fmin.reduce(before_DG, axis=1)


def _counts(rng: np.random.Generator, draws: int, n: int) -> Floats:
    """How often each of n is drawn in n draws with replacement."""
    index = rng.integers(0, n, size=(draws, n)) + n * np.arange(draws)[:, None]
    return np.bincount(index.ravel(), minlength=draws * n).reshape(draws, n).astype(np.float64)


def _lowest(value_G: Floats) -> int:
    return -1 if np.isnan(value_G).all() else int(np.nanargmin(value_G))
