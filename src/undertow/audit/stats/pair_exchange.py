"""Measures of one member against another, under every arrangement of members.

The value of each ordered pair of members in each slice is computed once. It depends on what the
first member answers to an example only through that answer, so the function is evaluated for every
answer that was given against each member, and a slice's sum over all pairs of members is one matrix
product (``ballots``). An arrangement then only says which pairs lie across the two sides: a
quadratic form in its indicator, done for all draws as one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.stats.arrangements import Arrangements
from undertow.audit.stats.ballots import ballots

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
PairFunction = Callable[[Ints, Ints, Ints], Floats]

DRAWS = 256
"""Draws at a time: draws × members² × 8 bytes."""
PRODUCT = 1 << 18
"""Multiplications in one product of ballots: OpenBLAS keeps so few on one thread, and there are
thousands of them. On busy cores its threads would wait for each other a hundred times longer than
such a product takes."""


def pair_exchange(
    pred_MN: Ints,
    label_N: Ints,
    membership_GN: sp.csr_array,
    arrangements: Arrangements,
    function: PairFunction,
    m_ref: int,
) -> Floats:
    """(D, G): mean over pairs (reference member, variant member) of the slice mean of ``function``,
    row 0 observed.

    ``function(pred_a_N, pred_b_N, label_N)`` may be asymmetric and NaN; a pair that is NaN on all
    of a slice is left out of that slice's mean. Where members are paired only their own pairs
    count, and a swapped pair is read backwards.
    """
    membership = sp.csr_array(membership_GN, dtype=np.float64)
    compare = _Comparison(np.asarray(pred_MN), np.asarray(label_N), membership, function)
    if arrangements.paired:
        return _own_pairs(compare, arrangements.is_reference_DM[:, :m_ref])
    return _across(compare.all_pairs(), arrangements.is_reference_DM)


def pair_means(
    pred_MN: Ints,
    label_N: Ints,
    membership_GN: sp.csr_array,
    function: PairFunction,
    m_ref: int,
    *,
    paired: bool,
) -> Floats:
    """(G, R, V): the slice mean of ``function`` for each reference member and each variant member;
    where members are paired (G, R, 1), for each its own. NaN where a pair has no value on a
    slice."""
    membership = sp.csr_array(membership_GN, dtype=np.float64)
    compare = _Comparison(np.asarray(pred_MN), np.asarray(label_N), membership, function)
    members = len(compare.pred_MN)
    if paired:
        own_PG = np.vstack([compare.against(p, np.array([m_ref + p])) for p in range(m_ref)])
        return own_PG.T[:, :, None]
    # Each row lacks the member itself, so a variant member stands one place further left.
    value_MMG = compare.all_pairs().reshape(members, members - 1, -1)
    return np.moveaxis(value_MMG[:m_ref, m_ref - 1 :], 2, 0)


def all_pair_means(
    pred_MN: Ints, label_N: Ints, membership_GN: sp.csr_array, function: PairFunction
) -> Floats:
    """(M, M, G): the slice mean of ``function`` for every two members, NaN for a member and
    itself."""
    membership = sp.csr_array(membership_GN, dtype=np.float64)
    compare = _Comparison(np.asarray(pred_MN), np.asarray(label_N), membership, function)
    members = len(compare.pred_MN)
    value_MMG = np.full((members, members, membership.shape[0]), np.nan)
    value_MMG[~np.eye(members, dtype=np.bool_)] = compare.all_pairs()
    return value_MMG


class _Comparison:
    """Slice means of the function for pairs of members."""

    def __init__(
        self, pred_MN: Ints, label_N: Ints, membership_GN: sp.csr_array, function: PairFunction
    ) -> None:
        self.pred_MN, self.label_N, self.function = pred_MN, label_N, function
        self.membership_GN = membership_GN

    def against(self, a: int, others: Ints) -> Floats:
        """Member ``a`` first, each of the others second: (others, G)."""
        value_NM = np.empty((self.pred_MN.shape[1], len(others)))
        for column, b in enumerate(others):
            value_NM[:, column] = self.function(self.pred_MN[a], self.pred_MN[b], self.label_N)
        nan_NM = np.isnan(value_NM)
        value_NM[nan_NM] = 0.0
        defined_GM = self.membership_GN @ (~nan_NM).astype(np.float64)
        total_GM = self.membership_GN @ value_NM
        mean_GM = np.divide(
            total_GM, defined_GM, out=np.full_like(total_GM, np.nan), where=defined_GM > 0
        )
        return np.asarray(mean_GM.T)

    def all_pairs(self) -> Floats:
        """Every ordered pair of two different members, first member slowest: (P, G)."""
        cast = ballots(self.pred_MN)
        truth_X = self.label_N[cast.example_X]
        value_MX = np.stack(
            [
                self.function(cast.label_X, pred_N[cast.example_X], truth_X)
                for pred_N in self.pred_MN
            ]
        )
        value_XM = np.ascontiguousarray(value_MX.T, dtype=np.float64)
        nan_XM = np.isnan(value_XM)
        gaps = bool(nan_XM.any())
        value_XM[nan_XM] = 0.0
        rows_GX = sp.csr_array(self.membership_GN[:, cast.example_X])
        apart = np.flatnonzero(~np.eye(len(self.pred_MN), dtype=np.bool_))
        mean_GP = np.full((rows_GX.shape[0], len(apart)), np.nan)
        for g, examples in enumerate(np.diff(self.membership_GN.indptr)):
            rows_X = rows_GX.indices[rows_GX.indptr[g] : rows_GX.indptr[g + 1]]
            total_P = _product(cast.cast_XM, value_XM, rows_X).take(apart)
            # Each member gave one answer to each example, so without gaps every pair is defined on
            # all of them.
            defined_P = (
                _product(cast.cast_XM, ~nan_XM, rows_X).take(apart)
                if gaps
                else np.full(len(apart), examples)
            )
            np.divide(total_P, defined_P, out=mean_GP[g], where=defined_P > 0)
        return np.ascontiguousarray(mean_GP.T)


def _product(left_XM: NDArray[Any], right_XM: NDArray[Any], rows_X: Ints) -> Floats:
    """Sum over some rows of left times right, for every two members: (M, M)."""
    total_MM: Floats = np.zeros((left_XM.shape[1], right_XM.shape[1]))
    step = max(16, PRODUCT // total_MM.size)
    for start in range(0, len(rows_X), step):
        some_X = rows_X[start : start + step]
        total_MM += left_XM.take(some_X, axis=0).astype(np.float64).T @ right_XM.take(
            some_X, axis=0
        )
    return total_MM


def _own_pairs(compare: _Comparison, stays_DP: NDArray[np.bool_]) -> Floats:
    pairs = stays_DP.shape[1]
    forward_PG = np.vstack([compare.against(p, np.array([pairs + p])) for p in range(pairs)])
    backward_PG = np.vstack([compare.against(pairs + p, np.array([p])) for p in range(pairs)])
    return _mean(
        [
            (stays_DP.astype(np.float64), _Pairs(forward_PG)),
            ((~stays_DP).astype(np.float64), _Pairs(backward_PG)),
        ]
    )


def _across(value_PG: Floats, is_reference_DM: NDArray[np.bool_]) -> Floats:
    """Mean over the pairs that lie across the two sides, the first on the reference's."""
    apart = ~np.eye(is_reference_DM.shape[1], dtype=np.bool_)
    pairs = _Pairs(value_PG)

    def blocks() -> Iterator[Floats]:
        for start in range(0, len(is_reference_DM), DRAWS):
            first_DM = is_reference_DM[start : start + DRAWS]
            yield _mean(
                [
                    (
                        (first_DM[:, :, None] & ~first_DM[:, None, :])[:, apart].astype(np.float64),
                        pairs,
                    )
                ]
            )

    return np.vstack(list(blocks()))


class _Pairs:
    """Values of pairs, 0 where undefined, and which are defined."""

    def __init__(self, value_PG: Floats) -> None:
        nan_PG = np.isnan(value_PG)
        self.value_PG = np.where(nan_PG, 0.0, value_PG)
        # Without gaps the count is the same in every slice, and its matrix product is not needed.
        self.known_PG = (~nan_PG).astype(np.float64) if nan_PG.any() else None


def _mean(weighted: list[tuple[Floats, _Pairs]]) -> Floats:
    """Mean over pairs of defined values, weight 1 for the pairs of a draw: (D, P) and (P, G) to (D,
    G)."""
    total_DG: Floats = np.zeros(1)
    count_DG: Floats = np.zeros(1)
    for weight_DP, pairs in weighted:
        total_DG = total_DG + weight_DP @ pairs.value_PG
        known = pairs.known_PG
        count_DG = count_DG + (
            weight_DP.sum(axis=1)[:, None] if known is None else weight_DP @ known
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count_DG > 0, total_DG / count_DG, np.nan)
