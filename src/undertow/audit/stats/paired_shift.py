"""One model against another over the same examples: the paired difference of means, by slice, with its limits and p.

Right or wrong: exact McNemar and Tango's interval. Graded outcomes: Student's t on the paired differences. Examples
in clusters (one passage, one template): the cluster-robust t, because such examples succeed and fail together.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.stats import t as student

from undertow.audit.stats.mcnemar import mcnemar_exact, paired_interval
from undertow.audit.stats.multiplicity import holm

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
    p: float
    adjusted: float
    fell: float
    rose: float
    clusters: float


class Shift(NamedTuple):
    """One run against another, per row: means before and after, their paired difference with its limits, p plain and
    by Holm; for 0/1 outcomes how many examples went from 1 to 0 and from 0 to 1 (NaN otherwise); how many clusters
    (NaN where examples are independent)."""

    n_G: Floats
    before_G: Floats
    after_G: Floats
    effect_G: Floats
    low_G: Floats
    high_G: Floats
    p_G: Floats
    adjusted_G: Floats
    fell_G: Floats
    rose_G: Floats
    clusters_G: Floats

    def row(self, g: int) -> RowShift:
        return RowShift(*(float(column_G[g]) for column_G in self))


def paired_shift(
    membership_GN: sp.csr_array, before_N: Floats, after_N: Floats, level: float, cluster_N: Ints | None = None
) -> Shift:
    """The shift on every row, each with an interval of coverage 1 − ``level``; NaN outcomes are left out.

    ``cluster_N`` numbers the clusters from 0. Raises nothing: a row without enough to test on is NaN.
    """
    if cluster_N is not None:
        return _cluster_shift(membership_GN, before_N, after_N, level, cluster_N)
    test = _flip_shift if is_binary(before_N) and is_binary(after_N) else _mean_shift
    return test(membership_GN, before_N, after_N, level)


def is_binary(value_N: Floats) -> bool:
    """Whether every value that is there is 0 or 1."""
    return bool((np.isnan(value_N) | (value_N == 0) | (value_N == 1)).all())


def strictest(shifts: list[Shift]) -> Shift:
    """Several runs of the reference as one: mean effect, widest limits, largest p; counts are of the first run."""
    stacked = {name: np.array([getattr(shift, name) for shift in shifts]) for name in Shift._fields}
    return shifts[0]._replace(
        before_G=stacked["before_G"].mean(axis=0),
        effect_G=stacked["effect_G"].mean(axis=0),
        low_G=stacked["low_G"].min(axis=0),
        high_G=stacked["high_G"].max(axis=0),
        p_G=stacked["p_G"].max(axis=0),
        adjusted_G=stacked["adjusted_G"].max(axis=0),
    )


def _flip_shift(membership_GN: sp.csr_array, before_N: Floats, after_N: Floats, level: float) -> Shift:
    """0/1 outcomes: exact McNemar, Holm over the rows, Tango's interval."""
    known_N = ~(np.isnan(before_N) | np.isnan(after_N))
    sides = (known_N, known_N & (before_N == 1), known_N & (after_N == 1))
    flips = _flips(before_N, after_N)
    n_G, before_G, after_G, fell_G, rose_G = (_counts(membership_GN, column_N) for column_N in (*sides, *flips))
    p_G = np.where(n_G > 0, mcnemar_exact(fell_G, rose_G), np.nan)
    low_G, high_G = paired_interval(fell_G, rose_G, n_G, level=level)
    none_G = np.full(len(n_G), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect_G = (rose_G - fell_G) / n_G
        means = n_G, before_G / n_G, after_G / n_G
    return Shift(*means, effect_G, low_G, high_G, p_G, holm(p_G), fell_G, rose_G, none_G)


def _mean_shift(membership_GN: sp.csr_array, before_N: Floats, after_N: Floats, level: float) -> Shift:
    """Graded outcomes: Student's interval on the mean paired difference, Holm over the rows."""
    known_N = ~(np.isnan(before_N) | np.isnan(after_N))
    change_N = np.where(known_N, after_N - before_N, 0.0)
    n_G, sum_G, square_G, before_G = (
        np.asarray(membership_GN @ column_N.astype(np.float64))
        for column_N in (known_N, change_N, change_N**2, np.where(known_N, before_N, 0.0))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        effect_G, before_G = np.where(n_G > 1, sum_G / n_G, np.nan), before_G / n_G
        se_G = np.sqrt(np.maximum(square_G / n_G - effect_G**2, 0) / (n_G - 1))
    none_G = np.full(len(n_G), np.nan)
    limits = _student(effect_G, se_G, n_G - 1, level)
    return Shift(n_G, before_G, before_G + effect_G, effect_G, *limits, none_G, none_G, none_G)


def _cluster_shift(
    membership_GN: sp.csr_array, before_N: Floats, after_N: Floats, level: float, cluster_N: Ints
) -> Shift:
    """Examples in clusters: the variance is of cluster totals (Miller 2024, arXiv:2411.00640, §2.2), with the usual
    factor K/(K − 1) and Student's t on K − 1 degrees of freedom for K clusters, which the paper does not have."""
    known_N = ~(np.isnan(before_N) | np.isnan(after_N))
    change_N = np.where(known_N, after_N - before_N, 0.0)
    gather_NK = sp.csr_array((np.ones(len(cluster_N)), (np.arange(len(cluster_N)), cluster_N)))
    total_GK, count_GK = (
        sp.csr_array(membership_GN.multiply(column_N[None, :])) @ gather_NK
        for column_N in (change_N, known_N.astype(np.float64))
    )
    n_G, sum_G, clusters_G = (np.asarray(a).ravel() for a in (count_GK.sum(1), total_GK.sum(1), (count_GK > 0).sum(1)))
    before_sum_G = np.asarray(membership_GN @ np.where(known_N, before_N, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        effect_G, before_G = np.where(n_G > 0, sum_G / n_G, np.nan), before_sum_G / n_G
        residual_GK = total_GK - sp.csr_array(sp.diags_array(np.nan_to_num(effect_G)) @ count_GK)
        square_G = np.asarray(residual_GK.multiply(residual_GK).sum(1)).ravel()
        se_G = np.sqrt(square_G * clusters_G / (clusters_G - 1)) / n_G
    effect_G = np.where(clusters_G > 1, effect_G, np.nan)
    limits = _student(effect_G, se_G, clusters_G - 1, level)
    fell_G, rose_G = (_counts(membership_GN, flip_N) for flip_N in _flips(before_N, after_N))
    if not (is_binary(before_N) and is_binary(after_N)):
        fell_G = rose_G = np.full(len(n_G), np.nan)
    means = n_G, before_G, before_G + effect_G, effect_G
    return Shift(*means, *limits, fell_G, rose_G, clusters_G.astype(np.float64))


def _student(effect_G: Floats, se_G: Floats, freedom_G: Floats, level: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Limits, p, and p by Holm. Where nothing varies the limits are the effect itself."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p_G = 2 * student.sf(np.abs(effect_G) / se_G, freedom_G)
        half_G = student.isf(level / 2, freedom_G) * se_G
    p_G = np.where((se_G == 0) & (effect_G == 0), 1.0, p_G)
    return effect_G - half_G, effect_G + half_G, p_G, holm(p_G)


def _flips(before_N: Floats, after_N: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """From 1 to 0, and from 0 to 1."""
    return (before_N == 1) & (after_N == 0), (before_N == 0) & (after_N == 1)


def _counts(membership_GN: sp.csr_array, column_N: NDArray[Any]) -> Floats:
    return np.asarray(membership_GN @ column_N.astype(np.float64)).round()
