"""Independent units of examples, by row: each example by itself, or clusters of examples that
depend on each other in any way.

Rows differ in how many units they hold, and many units are alike. So units that are alike stand
once, with how many they are (``unit_kinds``), and rows of about one width are worked on together.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.stats.unit_kinds import FINEST, Units, told_apart

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

PADDED = 1 << 22
"""Rows × units worked on together."""
CHANGES = np.array([-1.0, 0.0, 1.0])
"""Of an example that is right or wrong."""


class Flat(NamedTuple):
    """Every unit of every row: row by row, in which row it is, its total and number of
    examples."""

    row_U: Ints
    total_U: Floats
    size_U: Floats

    def sums(self, value_U: Floats, rows: int) -> Floats:
        """The sum over each row's units."""
        return np.asarray(np.bincount(self.row_U, value_U, minlength=rows), dtype=np.float64)

    def by_row(self, rows: int) -> list[slice]:
        """Where each row's units stand."""
        edge_G = np.searchsorted(self.row_U, np.arange(rows + 1))
        return [slice(low, high) for low, high in itertools.pairwise(edge_G)]


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
    shared_X = _shared(cluster_N)[index_X]
    together = _summed(row_X[shared_X], cluster_N[index_X[shared_X]], total_X[shared_X])
    row_U = np.concatenate([row_X[~shared_X], together.row_U])
    total_U = np.concatenate([total_X[~shared_X], together.total_U])
    size_U = np.concatenate([np.ones(len(row_U) - len(together.size_U)), together.size_U])
    order_U = np.argsort(row_U, kind="stable")
    return Flat(row_U[order_U], total_U[order_U], size_U[order_U])


def _shared(cluster_N: Ints) -> Bools:
    """Which examples share their cluster with another."""
    return np.asarray((np.bincount(cluster_N) > 1)[cluster_N])


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
    rows = _counted(membership_GN, change_N, cluster_N)
    if rows is None:
        every = flat(membership_GN, change_N, cluster_N)
        rows = [
            told_apart(every.total_U[units], every.size_U[units])
            for units in every.by_row(membership_GN.shape[0])
        ]
    width_G = np.array([len(row.alike_GU) for row in rows])
    for power in np.unique(np.ceil(np.log2(np.maximum(width_G, 16)))):
        alike_G = np.flatnonzero(np.ceil(np.log2(np.maximum(width_G, 16))) == power)
        step = max(1, PADDED >> int(power))
        for start in range(0, len(alike_G), step):
            index_G = alike_G[start : start + step]
            yield index_G, Units(*(_padded([rows[g][part] for g in index_G]) for part in range(3)))


def _counted(
    membership_GN: sp.csr_array, change_N: Floats, cluster_N: Ints | None
) -> list[Units] | None:
    """Each row's units, where examples are right or wrong: those that share no cluster are counted,
    and only the others are looked at one by one. ``None`` where changes are something else, or
    clusters are so many and large that near ones may have to be pooled."""
    known_N = ~np.isnan(change_N)
    if not ((np.abs(change_N) == 1) | (change_N == 0) | ~known_N).all():
        return None
    alone_N = known_N if cluster_N is None else known_N & ~_shared(cluster_N)
    together = _together(membership_GN, change_N, cluster_N, known_N & ~alone_N)
    totals = np.ptp(np.append(CHANGES, together.total_U)) + 1
    if totals * (together.size_U.max(initial=1.0) + 1) > FINEST:
        return None
    kind_N = np.where(alone_N, change_N - CHANGES[0], len(CHANGES)).astype(np.uint8)
    rows = []
    for g, units in enumerate(together.by_row(membership_GN.shape[0])):
        index = membership_GN.indices[membership_GN.indptr[g] : membership_GN.indptr[g + 1]]
        alike = np.bincount(kind_N[index], minlength=len(CHANGES) + 1)[: len(CHANGES)]
        there = alike > 0
        size_U = together.size_U[units]
        rows.append(
            told_apart(
                np.append(CHANGES[there], together.total_U[units]),
                np.append(np.ones(there.sum()), size_U),
                np.append(alike[there], np.ones_like(size_U)),
            )
        )
    return rows


def _together(
    membership_GN: sp.csr_array, value_N: Floats, cluster_N: Ints | None, among_N: Bools
) -> Flat:
    """The clusters of all rows over some of the examples."""
    if cluster_N is None:
        return Flat(np.zeros(0, np.intp), np.zeros(0), np.zeros(0))
    place_X = np.flatnonzero(among_N[membership_GN.indices])
    row_X = np.searchsorted(membership_GN.indptr, place_X, side="right") - 1
    index_X = membership_GN.indices[place_X]
    return _summed(row_X, cluster_N[index_X], value_N[index_X].astype(np.float64))


def _padded(rows: list[Floats]) -> Floats:
    table = np.zeros((len(rows), max(1, *(len(row) for row in rows))))
    for g, row in enumerate(rows):
        table[g, : len(row)] = row
    return table
