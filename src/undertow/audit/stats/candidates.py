"""Examples grouped by how many labels got a vote from anybody: what exchanging members can change,
and what not.

Exchanging members never changes the votes that both populations cast together, so the candidates of
an example, its pooled votes ("margins") and its missing votes are the same in every arrangement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]
VoteFunction = Callable[[Floats, Floats, Bools], Floats]
"""f(ref_XK, var_XK, truth_XK) -> value_X over vote shares; candidates lie in ascending order of
label."""

NO_CANDIDATE, NO_LABEL = -1, -2
"""``truth_X`` where the label got no vote, and where there is no label."""


class Candidates(NamedTuple):
    """Examples with K candidate labels each. ``example_X`` are their positions on the N axis."""

    example_X: Ints
    label_XK: Ints
    margin_XK: Ints
    missing_X: Ints
    truth_X: Ints

    def take(self, index: Ints | slice | Bools) -> Candidates:
        """Some of the examples."""
        return Candidates(*(array[index] for array in self))


def candidates(pred_MN: Ints, label_N: Ints) -> Iterator[Candidates]:
    """Groups of examples by number of candidates, fewest first; examples without any vote are in
    none of them."""
    sorted_NM = np.sort(np.ascontiguousarray(pred_MN.T), axis=1)
    first_NM = np.ones(sorted_NM.shape, dtype=np.bool_)
    first_NM[:, 1:] = sorted_NM[:, 1:] != sorted_NM[:, :-1]
    voted_NM = sorted_NM >= 0
    first_NM &= voted_NM
    missing_N = sorted_NM.shape[1] - voted_NM.sum(axis=1)
    k_N = first_NM.sum(axis=1)
    for k in np.unique(k_N[k_N > 0]).tolist():
        example_X = np.flatnonzero(k_N == k)
        first_XM = first_NM[example_X]
        start_XK = np.nonzero(first_XM)[1].reshape(-1, k)
        label_XK = sorted_NM[example_X][first_XM].reshape(-1, k)
        margin_XK = np.diff(start_XK, axis=1, append=sorted_NM.shape[1])
        truth_XK = label_XK == label_N[example_X, None]
        truth_X = np.where(truth_XK.any(axis=1), truth_XK.argmax(axis=1), NO_CANDIDATE)
        truth_X[label_N[example_X] < 0] = NO_LABEL
        yield Candidates(example_X, label_XK, margin_XK, missing_N[example_X], truth_X)


def evaluate(
    functions: Mapping[str, VoteFunction],
    needs_label: Collection[str],
    ref_KX: Floats,
    margin_KX: Floats,
    truth_X: Ints,
) -> list[Floats]:
    """Each function on the reference's counts ``ref_KX`` out of the pooled ``margin_KX``, in the
    functions' order.

    Candidates come first in memory, so that what a function sees as ``ref_XK[..., k]`` is
    contiguous and a pass over whole columns costs what a pass over memory costs. NaN where a side
    has no vote, or where a function that needs the label has none.
    """
    total_ref_X = ref_KX.sum(axis=0)
    var_KX = margin_KX - ref_KX
    total_var_X = var_KX.sum(axis=0)
    nobody_X = (total_ref_X <= 0) | (total_var_X <= 0)
    ref_KX = ref_KX / np.maximum(total_ref_X, 1)
    var_KX /= np.maximum(total_var_X, 1)
    truth_KX = np.arange(len(ref_KX))[:, None] == truth_X
    values = []
    for name, function in functions.items():
        value_X = np.asarray(function(ref_KX.T, var_KX.T, truth_KX.T))
        undefined_X = nobody_X | (truth_X == NO_LABEL) if name in needs_label else nobody_X
        values.append(
            np.where(undefined_X, value_X.dtype.type(np.nan), value_X)
            if undefined_X.any()
            else value_X
        )
    return values
