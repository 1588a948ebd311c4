"""One side against another over the same examples: the paired difference of means, by slice, with
its limits and p.

Right or wrong, one model a side: exact McNemar and Tango's interval. Graded outcomes, means over
several models, and examples in clusters (one passage, one template, copies), which succeed and fail
together: limits for a mean of bounded differences (``mean_shift``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.stats.mcnemar import HALF, mcnemar_exact, paired_interval
from undertow.audit.stats.mean_shift import mean_shift
from undertow.audit.stats.multiplicity import bonferroni

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


class RowShift(NamedTuple):
    """One row of a ``Shift``."""

    n: float
    before: float
    after: float
    effect: float
    low: float
    high: float
    unseen_low: float
    unseen_high: float
    p: float
    adjusted: float
    fell: float
    rose: float
    clusters: float
    error: float


class Shift(NamedTuple):
    """One run against another, per row: means before and after, their paired difference with its
    limits and those that allow for clusters unlike any seen (``mean_shift``; the same where
    examples are independent), p plain and by Bonferroni; for 0/1 outcomes how many examples went
    from 1 to 0 and from 0 to 1 (NaN otherwise); how many clusters (NaN where examples are
    independent); the standard error over examples, or clusters."""

    n_G: Floats
    before_G: Floats
    after_G: Floats
    effect_G: Floats
    low_G: Floats
    high_G: Floats
    unseen_low_G: Floats
    unseen_high_G: Floats
    p_G: Floats
    adjusted_G: Floats
    fell_G: Floats
    rose_G: Floats
    clusters_G: Floats
    error_G: Floats

    def row(self, g: int) -> RowShift:
        return RowShift(*(float(column_G[g]) for column_G in self))


def paired_shift(
    membership_GN: sp.csr_array,
    before_N: Floats,
    after_N: Floats,
    level: float,
    cluster_N: Ints | None = None,
) -> Shift:
    """The shift on every row, each with an interval of coverage 1 − ``level``; NaN outcomes are
    left out.

    ``cluster_N`` numbers the clusters from 0. Raises nothing: a row without enough to test on is
    NaN.
    """
    if cluster_N is None and is_binary(before_N) and is_binary(after_N):
        return _flip_shift(membership_GN, before_N, after_N, level)
    return _mean_shift(membership_GN, before_N, after_N, level, cluster_N)


def is_binary(value_N: Floats) -> bool:
    """Whether every value that is there is 0 or 1."""
    return bool((np.isnan(value_N) | (value_N == 0) | (value_N == 1)).all())


def _flip_shift(
    membership_GN: sp.csr_array, before_N: Floats, after_N: Floats, level: float
) -> Shift:
    """0/1 outcomes: exact McNemar, Bonferroni over the rows, Tango's interval, corrected for
    continuity."""
    known_N = ~(np.isnan(before_N) | np.isnan(after_N))
    sides = (known_N, known_N & (before_N == 1), known_N & (after_N == 1))
    flips = _flips(before_N, after_N)
    n_G, before_G, after_G, fell_G, rose_G = (
        _counts(membership_GN, column_N) for column_N in (*sides, *flips)
    )
    p_G = np.where(n_G > 0, mcnemar_exact(fell_G, rose_G), np.nan)
    low_G, high_G = paired_interval(fell_G, rose_G, n_G, level, correction=HALF)
    none_G = np.full(len(n_G), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect_G = (rose_G - fell_G) / n_G
        means = n_G, before_G / n_G, after_G / n_G
        error_G = np.sqrt(np.maximum((fell_G + rose_G) / n_G - effect_G**2, 0.0) / n_G)
    limits = low_G, high_G, low_G, high_G
    tested = p_G, bonferroni(p_G), fell_G, rose_G
    return Shift(*means, effect_G, *limits, *tested, none_G, error_G)


def _mean_shift(
    membership_GN: sp.csr_array,
    before_N: Floats,
    after_N: Floats,
    level: float,
    cluster_N: Ints | None,
) -> Shift:
    """Any other outcomes: limits of a bounded mean over examples or clusters, Bonferroni over the
    rows."""
    change_N = np.asarray(after_N - before_N, dtype=np.float64)
    known_N = ~np.isnan(change_N)
    found = mean_shift(membership_GN, change_N, level, cluster_N)
    n_G = _counts(membership_GN, known_N)
    before_sum_G = np.asarray(membership_GN @ np.where(known_N, before_N, 0.0).astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        before_G = before_sum_G / n_G
    fell_G = rose_G = np.full(len(n_G), np.nan)
    if is_binary(before_N) and is_binary(after_N):
        fell_G, rose_G = (_counts(membership_GN, flip_N) for flip_N in _flips(before_N, after_N))
    clusters_G = found.units_G if cluster_N is not None else np.full(len(n_G), np.nan)
    limits = found.low_G, found.high_G, found.unseen_low_G, found.unseen_high_G
    return Shift(
        n_G,
        before_G,
        before_G + found.effect_G,
        found.effect_G,
        *limits,
        found.p_G,
        bonferroni(found.p_G),
        fell_G,
        rose_G,
        clusters_G,
        found.error_G,
    )


def _flips(before_N: Floats, after_N: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """From 1 to 0, and from 0 to 1."""
    return (before_N == 1) & (after_N == 0), (before_N == 0) & (after_N == 1)


def _counts(membership_GN: sp.csr_array, column_N: NDArray[Any]) -> Floats:
    return np.asarray(membership_GN @ column_N.astype(np.float64)).round()
