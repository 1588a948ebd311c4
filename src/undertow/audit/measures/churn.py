"""One member against another: which answers changed, and which of them cost or gained something.

Every function takes arrays of any shape that broadcast against each other, with −1 for what is
missing. Two models that differ by their seed alone disagree too, so a value means nothing without
its floor. What 2407.09141 calls *flips* is ``newly_wrong_per_pair`` plus ``newly_right_per_pair``;
churn beyond it is from one wrong answer to another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.card import measure

Indices = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]


def _where_defined(value: NDArray[np.bool_], *needed: Indices) -> Floats:
    """``value`` as 0/1, NaN where any of the needed class indices is missing."""
    known = needed[0] >= 0
    for index in needed[1:]:
        known = known & (index >= 0)
    return np.where(known, value, np.float32(np.nan)).astype(np.float32, copy=False)


@measure(
    title="Churn",
    kind="pair",
    range=(0.0, 1.0),
    null=0.0,
    worse="neither",
    reads="Share of examples on which two members predict different classes, right or wrong.",
    paper="Milani Fard et al. 2016; the one-member case of 1911.05248's PIE; 'all flips' of "
    "2407.09141",
)
def churn(pred_a_N: Indices, pred_b_N: Indices, label_N: Indices) -> Floats:
    """(N,): 1 where the predictions differ, 0 where they agree, NaN where one is missing. Reads no
    label."""
    return _where_defined(pred_a_N != pred_b_N, pred_a_N, pred_b_N)


@measure(
    title="Newly wrong, per pair",
    kind="pair",
    range=(0.0, 1.0),
    null=0.0,
    worse="higher",
    reads="Share of examples that the reference member gets right and the variant member gets "
    "wrong.",
    paper="Yan et al. 2021 (negative flips); CIE-U of 2012.01604",
    needs=frozenset({"label"}),
)
def newly_wrong_per_pair(pred_a_N: Indices, pred_b_N: Indices, label_N: Indices) -> Floats:
    """(N,): 1 where a is right and b is not, else 0, NaN where label or a prediction is missing."""
    return _where_defined(
        (pred_a_N == label_N) & (pred_b_N != label_N), label_N, pred_a_N, pred_b_N
    )


@measure(
    title="Newly right, per pair",
    kind="pair",
    range=(0.0, 1.0),
    null=0.0,
    worse="lower",
    reads="Share of examples that the reference member gets wrong and the variant member gets "
    "right.",
    paper="Yan et al. 2021 (positive flips)",
    needs=frozenset({"label"}),
)
def newly_right_per_pair(pred_a_N: Indices, pred_b_N: Indices, label_N: Indices) -> Floats:
    """(N,): 1 where b is right and a is not, else 0, NaN where label or a prediction is missing."""
    return _where_defined(
        (pred_a_N != label_N) & (pred_b_N == label_N), label_N, pred_a_N, pred_b_N
    )
