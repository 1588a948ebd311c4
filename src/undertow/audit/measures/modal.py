"""The modal label: the class that most members of a population predict, and where it changed.

A modal label that two classes share does not exist, so it is undefined here and the measures are NaN there. Published
code breaks the tie silently, and not the same way: Hooker et al. take the largest tied class, Corti et al. the
smallest; ``modal_labels(…, ties=…)`` reproduces both.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from undertow.card import measure
from undertow.records.records import MISSING, Records

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
Ties = Literal["undefined", "smallest", "largest"]

CLOSE = 1e-6
"""Shares nearer than this are equal: distinct shares of M members are at least 1/M apart, rounding is far below."""


@measure(
    title="Modal disagreement",
    kind="votes",
    range=(0.0, 1.0),
    null=0.0,
    worse="higher",
    reads="Share of examples whose most predicted class differs between the two populations.",
    paper="PIE of 1911.05248; modal CIE of 2010.03058",
)
def modal_disagreement(ref_XK: Floats, var_XK: Floats, truth_XK: Bools) -> Floats:
    """(X,): 1 where the modal labels differ, 0 where they agree, NaN where either is tied or has no vote.

    Departs from the papers' code in the ties only, see the module.
    """
    ref_X, var_X = _mode(ref_XK), _mode(var_XK)
    return _where_modes(ref_X != var_X, ref_X, var_X)


@measure(
    title="Newly wrong",
    kind="votes",
    range=(0.0, 1.0),
    null=0.0,
    worse="higher",
    reads="Share of examples that most of the reference gets right and most of the variant gets wrong.",
    paper="Population form of CIE-U, 2012.01604",
    needs=frozenset({"label"}),
)
def newly_wrong(ref_XK: Floats, var_XK: Floats, truth_XK: Bools) -> Floats:
    """(X,): 1 where the reference's modal label is the truth and the variant's is not, NaN where one is tied.

    An example without a label is not visible here; whoever calls leaves it out (the card ``needs`` the label).
    """
    ref_X, var_X = _mode(ref_XK), _mode(var_XK)
    return _where_modes(_is_truth(ref_X, truth_XK) & ~_is_truth(var_X, truth_XK), ref_X, var_X)


@measure(
    title="Newly right",
    kind="votes",
    range=(0.0, 1.0),
    null=0.0,
    worse="lower",
    reads="Share of examples that most of the reference gets wrong and most of the variant gets right.",
    paper="1911.05248 (exemplars on which the pruned mode is the right one)",
    needs=frozenset({"label"}),
)
def newly_right(ref_XK: Floats, var_XK: Floats, truth_XK: Bools) -> Floats:
    """(X,): 1 where the variant's modal label is the truth and the reference's is not, NaN where one is tied."""
    ref_X, var_X = _mode(ref_XK), _mode(var_XK)
    return _where_modes(_is_truth(var_X, truth_XK) & ~_is_truth(ref_X, truth_XK), ref_X, var_X)


def _mode(share_XK: Floats) -> NDArray[np.int16]:
    """Position of the largest share, −1 where it is shared or no vote was cast.

    One pass per candidate over whole arrays: K is 2 to 5, and numpy's own argmax over so short an axis is slower.
    """
    top_X = share_XK[..., 0].copy()
    mode_X = np.where(top_X > CLOSE, 0, MISSING).astype(np.int16)
    for k in range(1, share_XK.shape[-1]):
        share_X = share_XK[..., k]
        lead_X = share_X - top_X
        np.copyto(mode_X, MISSING, where=lead_X > -CLOSE)
        np.copyto(mode_X, k, where=lead_X > CLOSE)
        np.maximum(top_X, share_X, out=top_X)
    return mode_X


def _where_modes(value_X: Bools, ref_X: NDArray[np.int16], var_X: NDArray[np.int16]) -> Floats:
    return np.where((ref_X >= 0) & (var_X >= 0), value_X, np.float32(np.nan)).astype(np.float32, copy=False)


def _is_truth(mode_X: NDArray[np.int16], truth_XK: Bools) -> Bools:
    """Whether the candidate at the modal position is the truth; False where the truth got no vote."""
    right_X: Bools = truth_XK[..., 0] & (mode_X == 0)
    for k in range(1, truth_XK.shape[-1]):
        right_X = right_X | (truth_XK[..., k] & (mode_X == k))
    return right_X


def modal_labels(votes_NC: Records | sp.sparray | ArrayLike, ties: Ties = "undefined") -> NDArray[np.int32]:
    """(N,): the class with the most votes of each example, −1 where there is no vote or (by default) a tie.

    ``votes_NC`` are counts, dense or sparse, or the records whose votes are meant. ``ties="largest"`` is the rule of
    the released code of 1911.05248 (the last of the tied classes), ``"smallest"`` that of 2207.00200 (argmax).
    """
    counts_NC = votes_NC.votes_NC if isinstance(votes_NC, Records) else votes_NC
    votes = sp.coo_array(counts_NC if sp.issparse(counts_NC) else np.asarray(counts_NC))
    row, label = votes.coords
    cast = votes.data > 0
    row, label, count = row[cast], label[cast], votes.data[cast]
    # Best first within each example: most votes, then the class that the tie rule prefers.
    order = np.lexsort((-label if ties == "largest" else label, -count, row))
    row, label, count = row[order], label[order], count[order]
    first = np.flatnonzero(np.diff(row, prepend=-1))
    mode_N = np.full(votes.shape[0], MISSING, dtype=np.int32)
    mode_N[row[first]] = label[first]
    if ties == "undefined":
        tied = np.flatnonzero((np.diff(row) == 0) & (np.diff(count) == 0))
        mode_N[row[tied[np.isin(tied, first)]]] = MISSING
    return mode_N
