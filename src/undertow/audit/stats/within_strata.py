"""Do chosen examples have other numbers than the rest of their stratum?

The contrast of a column is the mean over chosen examples of their value less the mean of the others
of the same stratum, so what strata alone differ in takes no part. It is tested by exchanging,
within each stratum, which units are the chosen ones: exact where the choice has nothing to do with
the column. The statistic is studentised, the chosen by their own spread and the others by theirs,
so that chosen examples which spread otherwise than the rest raise no false alarms (Janssen 1997).
The largest over all columns is taken within each rearrangement, so p and limits are simultaneous,
and 0 lies outside [low, high] if and only if ``p_adjusted <= level``.

No standard error is less than half of what it would be if the chosen spread as their strata do:
five values that happen to be alike do not show that all are. That bound is the same in every
rearrangement. No limit lies nearer than the normal one.

Clusters that lie in several strata or in both roles depend on themselves across these, which
exchange does not keep. There the standard error is at least the one over whole clusters, and p and
limits must also hold by Student's t, with as many degrees of freedom as clusters with a chosen
example, less one, and by the column's own rearrangements, both with Bonferroni.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from undertow.audit.stats.max_t import critical_value, share_at_least
from undertow.audit.stats.strata import Units, units_of

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

FEWEST = 5
"""Chosen examples (clusters) below which nothing is told."""
LEAST = 0.5
"""Of the standard error where the chosen spread as their strata do."""
CLOSE = 1e-9
"""More than that makes two limits differ: 0 must lie outside where p says so."""
LARGEST = 1e280
"""A variance above which sums of squares may leave the range of floats."""


class Contrast(NamedTuple):
    """Per column: chosen less others, simultaneous limits, two-sided p by itself and over all
    columns, the standard deviation of values in their stratum, and on how many chosen examples and
    others that rests. NaN where fewer than ``FEWEST`` chosen ones have a value and somebody to be
    set against, no stratum has two values, or values are too large to be squared."""

    effect_K: Floats
    low_K: Floats
    high_K: Floats
    p_K: Floats
    p_adjusted_K: Floats
    spread_K: Floats
    chosen_K: Ints
    others_K: Ints


def within_strata(
    value_KN: Floats,
    chosen_N: Bools,
    stratum_N: Ints,
    cluster_N: Ints | None = None,
    *,
    level: float,
    draws: int,
    rng: np.random.Generator,
) -> Contrast:
    """The contrast of each of K columns over N examples, NaN where a value is unknown. Strata and
    clusters are numbered in any way."""
    value_KN = np.asarray(value_KN, dtype=np.float64)
    columns = len(value_KN)
    out = {name: np.full(columns, np.nan) for name in Contrast._fields[:6]}
    chosen_K, others_K = (np.zeros(columns, dtype=np.intp) for _ in range(2))
    with np.errstate(over="ignore", invalid="ignore"):  # Such columns are not told.
        units = units_of(value_KN, chosen_N, stratum_N, cluster_N)
        asked = [] if units is None else [_Column(units, k) for k in range(columns)]
        for k, column in enumerate(asked):
            chosen_K[k], others_K[k] = column.numbers
        told = [k for k, column in enumerate(asked) if column.tells]
    if units is not None and told:
        out["spread_K"][told] = units.spread_K[told]
        found = _decided([asked[k] for k in told], units, level, draws, rng, cluster_N is not None)
        for name, value in found.items():
            out[name][told] = value
    return Contrast(**out, chosen_K=chosen_K, others_K=others_K)


def ranks_within(value_KN: Floats, stratum_N: Ints) -> Floats:
    """Midranks in the stratum over the number of its known values, NaN where a value is unknown.

    Their contrast is the AUROC of the column for chosen against others of a stratum, less ½: the
    mean over chosen examples of the share of those others that lie below, ties half.
    """
    rank_KN = np.full(value_KN.shape, np.nan)
    for rank_N, value_N in zip(rank_KN, value_KN, strict=True):
        known_N = ~np.isnan(value_N)
        rank_N[known_N] = _midranks(value_N[known_N], stratum_N[known_N])
    return rank_KN


def _midranks(value_X: Floats, stratum_X: Ints) -> Floats:
    """From just above 0 to 1, equal values of a stratum alike."""
    order_X = np.lexsort((value_X, stratum_X))
    value_X, stratum_X = value_X[order_X], stratum_X[order_X]
    new_X = np.ones(len(value_X), dtype=np.bool_)
    new_X[1:] = (np.diff(value_X) != 0) | (np.diff(stratum_X) != 0)
    first_T = np.flatnonzero(new_X)
    middle_T = (first_T + np.append(first_T[1:], len(value_X)) + 1) / 2
    start_X, end_X = (np.searchsorted(stratum_X, stratum_X, side) for side in ("left", "right"))
    rank_X = np.empty(len(value_X))
    rank_X[order_X] = (middle_T[np.cumsum(new_X) - 1] - start_X) / (end_X - start_X)
    return rank_X


class _Exchanged(NamedTuple):
    """By rearrangement: the effect and its squared standard error; by stratum too the chosen
    examples, the others, and the others' mean."""

    effect_D: Floats
    square_D: Floats
    chosen_DS: Floats
    others_DS: Floats
    mean_DS: Floats


@dataclass(frozen=True, eq=False)
class _Column:
    """One column of the units."""

    units: Units
    k: int

    @property
    def total_U(self) -> Floats:
        return np.asarray(self.units.total_KU[self.k])

    @property
    def size_U(self) -> Floats:
        return np.asarray(self.units.size_KU[self.k])

    def _sums(self, value_U: Floats) -> Floats:
        return np.add.reduceat(value_U, self.units.first_S)

    @cached_property
    def _whole(self) -> tuple[Floats, ...]:
        """What each stratum holds in all: values, their total, units, and three sums of squares."""
        total_U, size_U = self.total_U, self.size_U
        parts = (size_U, total_U, size_U > 0, total_U**2, total_U * size_U, size_U**2)
        return tuple(self._sums(part_U.astype(np.float64)) for part_U in parts)

    @cached_property
    def variance(self) -> float:
        """Of a unit's total about its stratum's mean, over all strata."""
        free = (self._whole[2] - 1).clip(0).sum()
        return float((self.total_U**2).sum() / free) if free else 0.0

    @cached_property
    def observed(self) -> _Exchanged:
        """As it is."""
        return self.under(self.units.observed_X[None])

    def under(self, index_DX: Ints) -> _Exchanged:
        """With other units chosen. Where a stratum keeps no known value on one side, it takes no
        part."""
        first_S = np.searchsorted(self.units.stratum_X, np.arange(len(self.units.chosen_S)))
        total_DX, size_DX = self.total_U[index_DX], self.size_U[index_DX]
        parts = (size_DX, total_DX, size_DX > 0, total_DX**2, total_DX * size_DX, size_DX**2)
        mine = [np.add.reduceat(p.astype(np.float64), first_S, axis=1) for p in parts]
        left = [whole_S - mine_DS for whole_S, mine_DS in zip(self._whole, mine, strict=True)]
        used_DS = (mine[0] > 0.5) & (left[0] > 0.5)
        others_DS = np.where(used_DS, left[0], 1.0)
        mean_DS = left[1] / others_DS
        chosen_DS = np.where(used_DS, mine[0], 0.0)
        number_D = np.maximum(chosen_DS.sum(axis=1), 1.0)
        effect_D = np.where(used_DS, mine[1] - mine[0] * mean_DS, 0.0).sum(axis=1) / number_D
        expected_DX = mean_DS[:, self.units.stratum_X] + effect_D[:, None]
        away_DX = (total_DX - size_DX * expected_DX) * used_DS[:, self.units.stratum_X]
        units_D = np.where(used_DS, mine[2], 0.0).sum(axis=1)
        square_D = (away_DX**2).sum(axis=1) * _unbiased(units_D) / number_D**2
        around_DS = left[3] - 2 * mean_DS * left[4] + mean_DS**2 * left[5]
        around_DS = np.where(left[2] > 1.5, around_DS.clip(0) * _unbiased(left[2]), self.variance)
        square_D += ((chosen_DS / number_D[:, None] / others_DS) ** 2 * around_DS).sum(axis=1)
        return _Exchanged(effect_D, square_D, chosen_DS, others_DS, mean_DS)

    @cached_property
    def _used_U(self) -> Bools:
        """Units with a value, in strata that take part."""
        return np.asarray(
            (self.observed.chosen_DS[0] > 0)[self.units.stratum_U] & (self.size_U > 0)
        )

    @cached_property
    def _chosen_U(self) -> Bools:
        chosen_U = np.zeros(len(self.size_U), dtype=np.bool_)
        chosen_U[self.units.observed_X] = True
        return chosen_U

    @property
    def numbers(self) -> tuple[int, int]:
        """Chosen examples and others."""
        sizes = (self.size_U[self._used_U & role_U] for role_U in (self._chosen_U, ~self._chosen_U))
        chosen, others = (int(size_U.sum()) for size_U in sizes)
        return chosen, others

    @property
    def clusters(self) -> int:
        """Those with a chosen example."""
        return len(np.unique(self.units.cluster_U[self._used_U & self._chosen_U]))

    @property
    def tells(self) -> bool:
        """There are enough, and values differ by what can be squared."""
        return self.clusters >= FEWEST and 0 < self.variance < LARGEST

    @cached_property
    def least(self) -> float:
        """Squared: what no rearrangement's standard error is below."""
        found, count_S = self.observed, self._whole[2]
        number = max(found.chosen_DS.sum(), 1.0)
        chosen = self._used_U & self._chosen_U
        others_S = np.maximum(count_S - self._sums(chosen.astype(np.float64)), 1.0)
        share_S = found.chosen_DS[0] / number / found.others_DS[0]
        units = chosen.sum() / number**2 + (share_S**2 * others_S).sum()
        return float(LEAST**2 * self.variance * units)

    def over_clusters(self) -> float:
        """The squared standard error where a cluster is one unit across strata and roles."""
        found, stratum_U = self.observed, self.units.stratum_U
        number = found.chosen_DS.sum()
        mean_U = found.mean_DS[0][stratum_U] + np.where(self._chosen_U, found.effect_D[0], 0.0)
        share_U = found.chosen_DS[0][stratum_U] / number / found.others_DS[0][stratum_U]
        part_U = (self.total_U - self.size_U * mean_U) * self._used_U
        part_U *= np.where(self._chosen_U, 1 / number, -share_U)
        _, cluster_U = np.unique(self.units.cluster_U, return_inverse=True)
        square = float((np.bincount(cluster_U, part_U) ** 2).sum())
        return square * float(_unbiased(np.array(float(self.clusters))))


def _unbiased(count: Floats) -> Floats:
    """n / (n − 1); of one, which shows no spread, 1."""
    return np.asarray(count / np.maximum(count - 1, 1.0))


def _decided(
    columns: list[_Column],
    units: Units,
    level: float,
    draws: int,
    rng: np.random.Generator,
    clustered: bool,
) -> dict[str, Floats]:
    """Effects, limits and p of columns that tell something."""
    effect_K = np.array([column.observed.effect_D[0] for column in columns])
    least_K = np.array([column.least for column in columns])
    square_K = np.maximum([column.observed.square_D[0] for column in columns], least_K)
    size_DK = np.vstack([
        np.column_stack([_size(column.under(index_DX), column.least) for column in columns])
        for index_DX in units.exchanged(draws, rng)
    ])  # fmt: skip
    if clustered:
        square_K = np.maximum(square_K, [column.over_clusters() for column in columns])
    error_K = np.sqrt(square_K)
    size_K, largest_D = np.abs(effect_K) / error_K, size_DK.max(axis=1)
    p_K = np.array([share_at_least(size_DK[:, k], size_K[[k]])[0] for k in range(len(columns))])
    p_K, adjusted_K = np.maximum(p_K, 2 * ndtr(-size_K)), share_at_least(largest_D, size_K)
    reach_K = np.full(len(columns), max(critical_value(largest_D, level), -float(ndtri(level / 2))))
    if clustered:
        df_K = np.array([column.clusters - 1.0 for column in columns])
        p_K = np.maximum(p_K, 2 * stdtr(df_K, -size_K))
        adjusted_K = np.maximum(adjusted_K, (len(columns) * p_K).clip(max=1))
        reach_K = np.maximum(reach_K, -stdtrit(df_K, level / len(columns) / 2))
        own_K = [critical_value(size_D, level / len(columns)) for size_D in size_DK.T]
        reach_K = np.maximum(reach_K, own_K)
    half_K = reach_K * error_K * (1 + CLOSE)
    return {
        "effect_K": effect_K,
        "low_K": effect_K - half_K,
        "high_K": effect_K + half_K,
        "p_K": p_K,
        "p_adjusted_K": np.maximum(adjusted_K, p_K),
    }


def _size(found: _Exchanged, least: float) -> Floats:
    """|t| of each rearrangement."""
    error_D = np.sqrt(np.maximum(found.square_D, least))
    return np.asarray(np.abs(found.effect_D) / error_D)
