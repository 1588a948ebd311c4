"""Independent units of examples, by row: each example by itself, or clusters of examples that
depend on each other in any way.

Rows differ in how many units they hold, and many units are alike. So units that are alike stand
once, with how many they are, and rows of about one width are worked on together.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

FINEST = 4096
"""Different units of one size that are told apart; more are pooled with near ones, which keeps
their total."""
PADDED = 1 << 22
"""Rows × units worked on together."""


class Units(NamedTuple):
    """Some rows, padded to one width: each unit's total difference and number of examples, and how
    many units are alike (0 where padded)."""

    total_GU: Floats
    size_GU: Floats
    alike_GU: Floats

    @property
    def count_G(self) -> Floats:
        count_G: Floats = self.alike_GU.sum(axis=1)
        return count_G

    @property
    def effect_G(self) -> Floats:
        effect_G: Floats = (self.alike_GU * self.total_GU).sum(axis=1) / (
            self.alike_GU * self.size_GU
        ).sum(axis=1)
        return effect_G

    @property
    def error_G(self) -> Floats:
        """Standard error of the effect over the units; rows of two units or more."""
        residual_GU = self.total_GU - self.effect_G[:, None] * self.size_GU
        square_G = (self.alike_GU * residual_GU**2).sum(axis=1)
        count_G = self.count_G
        examples_G = (self.alike_GU * self.size_GU).sum(axis=1)
        return np.asarray(np.sqrt(square_G * count_G / (count_G - 1)) / examples_G)


class Flat(NamedTuple):
    """Every unit of every row: row by row, in which row it is, its total and number of
    examples."""

    row_U: Ints
    total_U: Floats
    size_U: Floats

    def sums(self, value_U: Floats, rows: int) -> Floats:
        """The sum over each row's units."""
        return np.asarray(np.bincount(self.row_U, value_U, minlength=rows), dtype=np.float64)


def flat(membership_GN: sp.csr_array, value_N: Floats, cluster_N: Ints | None) -> Flat:
    """The units of all rows over the examples whose value is known; clusters are numbered from
    0."""
    row_X = np.repeat(np.arange(membership_GN.shape[0]), np.diff(membership_GN.indptr))
    index_X = membership_GN.indices
    known_N = ~np.isnan(value_N)
    if not known_N.all():
        known_X = known_N[index_X]
        row_X, index_X = row_X[known_X], index_X[known_X]
    total_X = value_N[index_X].astype(np.float64)
    if cluster_N is None:
        return Flat(row_X, total_X, np.ones_like(total_X))
    # Of a million examples often a handful share a cluster: only these are summed.
    shared_X = (np.bincount(cluster_N) > 1)[cluster_N][index_X]
    together = _summed(row_X[shared_X], cluster_N[index_X[shared_X]], total_X[shared_X])
    row_U = np.concatenate([row_X[~shared_X], together.row_U])
    total_U = np.concatenate([total_X[~shared_X], together.total_U])
    size_U = np.concatenate([np.ones(len(row_U) - len(together.size_U)), together.size_U])
    order_U = np.argsort(row_U, kind="stable")
    return Flat(row_U[order_U], total_U[order_U], size_U[order_U])


def _summed(row_X: Ints, cluster_X: Ints, total_X: Floats) -> Flat:
    """Of each cluster that a row holds: the sum and the number of its examples there."""
    many = int(cluster_X.max(initial=0)) + 1
    there_U, unit_X = np.unique(row_X * many + cluster_X, return_inverse=True)
    size_U = np.bincount(unit_X, minlength=len(there_U)).astype(np.float64)
    total_U = np.bincount(unit_X, total_X, minlength=len(there_U)).astype(np.float64)
    return Flat(there_U // many, total_U, size_U)


def by_row(
    membership_GN: sp.csr_array,
    change_N: Floats,
    cluster_N: Ints | None,
    solve: Callable[[Units], tuple[Floats, ...]],
    columns: int,
) -> list[Floats]:
    """The columns that ``solve`` finds for rows of two units or more; NaN for the others, from
    which nothing can be learned, but for their number of units, which is its last column.

    ``change_N`` is NaN where there is none. ``cluster_N`` numbers the clusters from 0; without it
    each example is a unit of its own.
    """
    column_XG = [np.full(membership_GN.shape[0], np.nan) for _ in range(columns)]
    for rows_G, batch in _batches(membership_GN, change_N, cluster_N):
        told_G = batch.count_G > 1
        found = solve(Units(*(part_GU[told_G] for part_GU in batch)))
        column_XG[-1][rows_G] = batch.count_G
        for column_G, value_G in zip(column_XG, found, strict=True):
            column_G[rows_G[told_G]] = value_G
    return column_XG


def _batches(
    membership_GN: sp.csr_array, change_N: Floats, cluster_N: Ints | None
) -> Iterator[tuple[Ints, Units]]:
    """Rows with about as many different units together, so that padding costs little."""
    every = flat(membership_GN, change_N, cluster_N)
    edge_G = np.searchsorted(every.row_U, np.arange(membership_GN.shape[0] + 1))
    rows = [
        told_apart(every.total_U[low:high], every.size_U[low:high])
        for low, high in itertools.pairwise(edge_G)
    ]
    width_G = np.array([len(row.alike_GU) for row in rows])
    for power in np.unique(np.ceil(np.log2(np.maximum(width_G, 16)))):
        alike_G = np.flatnonzero(np.ceil(np.log2(np.maximum(width_G, 16))) == power)
        step = max(1, PADDED >> int(power))
        for start in range(0, len(alike_G), step):
            index_G = alike_G[start : start + step]
            yield index_G, Units(*(_padded([rows[g][part] for g in index_G]) for part in range(3)))


def _padded(rows: list[Floats]) -> Floats:
    table = np.zeros((len(rows), max(1, *(len(row) for row in rows))))
    for g, row in enumerate(rows):
        table[g, : len(row)] = row
    return table


def told_apart(total_U: Floats, size_U: Floats) -> Units:
    """Units that are alike once, with how many they are; their totals keep their sum where near
    ones are pooled."""
    whole = _whole_numbers(total_U, size_U)
    if whole is not None:
        return whole
    like_U = _kinds(total_U / np.maximum(size_U, 1), size_U)
    alike = np.bincount(like_U).astype(np.float64)
    sums = [np.bincount(like_U, weights=column_U) for column_U in (total_U, size_U)]
    return Units(sums[0] / np.maximum(alike, 1), sums[1] / np.maximum(alike, 1), alike)


def _kinds(mean_U: Floats, size_U: Floats) -> Ints:
    """The number of each unit's kind: of equal size, and equal mean where not too many differ."""
    some = slice(4 * FINEST)  # enough to tell that too many differ, without sorting a million
    kind_U = _alike(_ranks(mean_U[some].round(12)), size_U[some])
    if len(kind_U) < len(mean_U) and kind_U.max(initial=0) < FINEST:
        kind_U = _alike(_ranks(mean_U.round(12)), size_U)
    if kind_U.max(initial=0) < FINEST:
        return kind_U
    step_U = (mean_U * (FINEST / 2)).round().astype(np.intp)
    return _alike(step_U - step_U.min(), size_U)


def _ranks(value_U: Floats) -> Ints:
    rank_U: Ints = np.unique(value_U, return_inverse=True)[1]
    return rank_U


def _alike(rank_U: Ints, size_U: Floats) -> Ints:
    """Kinds in the order of their ranks, and of their sizes."""
    columns = int(size_U.max(initial=0.0)) + 1
    key_U = rank_U * columns + size_U.astype(np.intp)
    if key_U.max(initial=0) > 4 * max(FINEST, len(key_U)):
        return _ranks(key_U.astype(np.float64))
    there_K = np.bincount(key_U) > 0
    return (np.cumsum(there_K) - 1)[key_U]


def _whole_numbers(total_U: Floats, size_U: Floats) -> Units | None:
    """``told_apart`` of totals that are whole numbers, without sorting them; ``None`` where they
    are not, or too many may differ."""
    if len(total_U) == 0 or (total_U != np.rint(total_U)).any():
        return None
    low, columns = total_U.min(), int(size_U.max()) + 1
    if (total_U.max() - low + 1) * columns > FINEST:
        return None
    alike_K = np.bincount(((total_U - low) * columns + size_U).astype(np.intp))
    there_X = np.flatnonzero(alike_K)
    total_X, size_X = there_X // columns + low, (there_X % columns).astype(np.float64)
    order_X = np.lexsort((size_X, total_X / size_X))
    return Units(total_X[order_X], size_X[order_X], alike_K[there_X][order_X].astype(np.float64))
