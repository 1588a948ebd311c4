"""Distance between two populations' votes on an example: graded where the modal label is all or
nothing.

On vote *shares*, so that populations of unequal size can be compared (the paper counts votes: its
value is ours times the number of members, where both sides have equally many).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.card import measure

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]


@measure(
    title="Taxicab distance of votes",
    kind="votes",
    range=(0.0, 2.0),
    null=0.0,
    worse="neither",
    reads="Sum over classes of the difference in vote share: 0 when both vote alike, 2 when they "
    "share no class.",
    paper="Taxicab CIE of 2010.03058",
    percent=False,
)
def taxicab(ref_XK: Floats, var_XK: Floats, truth_XK: Bools) -> Floats:
    """(X,): ``Σ_k |ref_k − var_k|`` on [0, 2], NaN where a population has no vote. Reads no
    label."""
    return _distance(ref_XK, var_XK, 2.0)


@measure(
    title="Total variation of votes",
    kind="votes",
    range=(0.0, 1.0),
    null=0.0,
    worse="neither",
    reads="Share of the members that would have to vote otherwise for both populations to vote "
    "alike.",
    paper="Half the Taxicab distance of 2010.03058",
)
def total_variation(ref_XK: Floats, var_XK: Floats, truth_XK: Bools) -> Floats:
    """(X,): half of ``taxicab``, on [0, 1]."""
    return _distance(ref_XK, var_XK, 2.0) / 2


def taxicab_of_votes(ref_NC: sp.csr_array, var_NC: sp.csr_array) -> Floats:
    """(N,): the same from how many members vote for each class, and 1 where one side has no vote.

    Counted in whole votes: shares differ in their last bits by the class that they are of, and
    whoever ranks examples would rank these.
    """
    total_N, other_N = (
        np.maximum(np.asarray(votes_NC.sum(axis=1), dtype=np.int64), 1)
        for votes_NC in (ref_NC, var_NC)
    )
    apart_NC = abs(_by_row(ref_NC, other_N) - _by_row(var_NC, total_N))
    return np.asarray(apart_NC.sum(axis=1) / (total_N * other_N))


def _by_row(votes_NC: sp.csr_array, times_N: NDArray[np.int64]) -> sp.csr_array:
    return sp.csr_array(sp.diags_array(times_N, dtype=np.int64) @ votes_NC)


def _distance(ref_XK: Floats, var_XK: Floats, most: float) -> Floats:
    """One pass per candidate: K is 2 to 5, and numpy's sum over so short an axis is slower."""
    total_X = np.asarray(np.abs(ref_XK[..., 0] - var_XK[..., 0]))
    for k in range(1, ref_XK.shape[-1]):
        total_X += np.abs(ref_XK[..., k] - var_XK[..., k])
    np.minimum(total_X, most, out=total_X)
    nobody_X = (ref_XK @ _ones(ref_XK) <= 0) | (var_XK @ _ones(var_XK) <= 0)
    np.copyto(total_X, np.nan, where=nobody_X)
    return total_X


def _ones(share_XK: Floats) -> Floats:
    return np.ones(share_XK.shape[-1], dtype=share_XK.dtype)
