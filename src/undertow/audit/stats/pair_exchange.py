"""Measures of one member against another, under every arrangement of members.

The value of each ordered pair of members in each slice is computed once. An arrangement then only says which pairs
lie across the two sides: a quadratic form in its indicator, done for all draws as one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.stats.arrangements import Arrangements

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
PairFunction = Callable[[Ints, Ints, Ints], Floats]

DRAWS = 256
"""Draws at a time: draws × members² × 8 bytes."""


def pair_exchange(
    pred_MN: Ints,
    label_N: Ints,
    membership_GN: sp.csr_array,
    arrangements: Arrangements,
    function: PairFunction,
    m_ref: int,
) -> Floats:
    """(D, G): mean over pairs (reference member, variant member) of the slice mean of ``function``, row 0 observed.

    ``function(pred_a_N, pred_b_N, label_N)`` may be asymmetric and NaN; a pair that is NaN on all of a slice is left
    out of that slice's mean. Where members are paired only their own pairs count, and a swapped pair is read backwards.
    """
    membership = sp.csr_array(membership_GN, dtype=np.float64)
    compare = _Comparison(np.asarray(pred_MN), np.asarray(label_N), membership, function)
    if arrangements.paired:
        return _own_pairs(compare, arrangements.is_reference_DM[:, :m_ref])
    return _all_pairs(compare, arrangements.is_reference_DM)


class _Comparison:
    """Slice means of the function for pairs of members."""

    def __init__(self, pred_MN: Ints, label_N: Ints, membership_GN: sp.csr_array, function: PairFunction) -> None:
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
        mean_GM = np.divide(total_GM, defined_GM, out=np.full_like(total_GM, np.nan), where=defined_GM > 0)
        return np.asarray(mean_GM.T)


def _own_pairs(compare: _Comparison, stays_DP: NDArray[np.bool_]) -> Floats:
    pairs = stays_DP.shape[1]
    forward_PG = np.vstack([compare.against(p, np.array([pairs + p])) for p in range(pairs)])
    backward_PG = np.vstack([compare.against(pairs + p, np.array([p])) for p in range(pairs)])
    return _mean([(stays_DP.astype(np.float64), forward_PG), ((~stays_DP).astype(np.float64), backward_PG)])


def _all_pairs(compare: _Comparison, is_reference_DM: NDArray[np.bool_]) -> Floats:
    members = is_reference_DM.shape[1]
    value_PG = np.vstack([compare.against(a, np.delete(np.arange(members), a)) for a in range(members)])
    apart = ~np.eye(members, dtype=np.bool_)

    def across() -> Iterator[Floats]:
        for start in range(0, len(is_reference_DM), DRAWS):
            first_DM = is_reference_DM[start : start + DRAWS]
            yield _mean([((first_DM[:, :, None] & ~first_DM[:, None, :])[:, apart].astype(np.float64), value_PG)])

    return np.vstack(list(across()))


def _mean(weighted: list[tuple[Floats, Floats]]) -> Floats:
    """Mean over pairs of defined values, weight 1 for the pairs of a draw: (D, P) and (P, G) to (D, G)."""
    total_DG: Floats = np.zeros(1)
    count_DG: Floats = np.zeros(1)
    for weight_DP, value_PG in weighted:
        nan_PG = np.isnan(value_PG)
        total_DG = total_DG + weight_DP @ np.where(nan_PG, 0.0, value_PG)
        # Without gaps the count is the same in every slice, and its matrix product is not needed.
        count_DG = count_DG + (weight_DP @ (~nan_PG).astype(float) if nan_PG.any() else weight_DP.sum(axis=1)[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count_DG > 0, total_DG / count_DG, np.nan)
