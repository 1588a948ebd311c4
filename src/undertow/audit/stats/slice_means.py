"""Means over the examples of each slice, of values that may be missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def slice_means(membership_GN: sp.csr_array, value_MN: Floats) -> Floats:
    """(G, M): each member's mean over each row's examples, NaN where a row has no value."""
    return ratio(*summed(membership_GN, value_MN))


def summed(membership_GN: sp.csr_array, value_MN: Floats) -> tuple[Floats, Floats]:
    """(G, M) twice: each member's sum over each row's examples, and how many of them have a
    value."""
    value_NM = value_MN.T
    known_NM = ~np.isnan(value_NM)
    total_GM = np.asarray(membership_GN @ np.where(known_NM, value_NM, 0).astype(np.float64))
    return total_GM, np.asarray(membership_GN @ known_NM.astype(np.float64))


def overall_means(value_MN: Floats) -> Floats:
    """(M,): each member's mean over all examples, NaN where none has a value."""
    known_MN = ~np.isnan(value_MN)
    return ratio(
        np.where(known_MN, value_MN, 0).sum(axis=1, dtype=np.float64), known_MN.sum(axis=1)
    )


def example_means(value_MN: Floats) -> Floats:
    """(N,): each example's mean over the members that have a value, NaN where none has."""
    known_MN = ~np.isnan(value_MN)
    return ratio(
        np.where(known_MN, value_MN, 0).sum(axis=0, dtype=np.float64), known_MN.sum(axis=0)
    )


def ratio(total: Any, count: Any) -> Floats:
    """``total / count``, NaN where nothing was counted."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Floats = np.asarray(total, dtype=np.float64) / np.asarray(count)
    return quotient
