"""The modal label: the class that most members of a population predict, and where it changed.

A modal label that two classes share does not exist, so it is undefined here and the measures are
NaN there. Published code breaks the tie silently, and not the same way: Hooker et al. take the
largest tied class, Corti et al. the smallest; ``modal_labels(…, ties=…)`` reproduces both.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, Literal, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from undertow.card import measure
from undertow.records.records import MISSING

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
Ties = Literal["undefined", "smallest", "largest"]

CLOSE = 1e-6
"""Shares nearer than this are equal: distinct shares of M members are at least 1/M apart, rounding
is far below."""


@measure(
    title="Modal disagreement",
    kind="votes",
    range=(0.0, 1.0),
    null=0.0,
    worse="neither",
    reads="Share of examples whose most predicted class differs between the two populations.",
    paper="PIE of 1911.05248; modal CIE of 2010.03058",
)
def modal_disagreement(ref_XK: Floats, var_XK: Floats, truth_XK: Bools) -> Floats:
    """(X,): 1 where the modal labels differ, 0 where they agree, NaN where either is tied or has no
    vote.

    Departs from the papers' code in the ties only, see the module. PIE of several labels at once (a
    majority per label, an exemplar where any differs) is not computed: a record holds one answer
    per member and example, so each label is a binary task and an audit of its own.
    """
    ref, var = _leaders(ref_XK), _leaders(var_XK)
    return _where_modes(~_meet(ref.leads, var.leads), ref, var)


@measure(
    title="Newly wrong",
    kind="votes",
    range=(0.0, 1.0),
    null=0.0,
    worse="higher",
    reads="Share of examples that most of the reference gets right and most of the variant gets "
    "wrong.",
    paper="Population form of CIE-U, 2012.01604",
    needs=frozenset({"label"}),
)
def newly_wrong(ref_XK: Floats, var_XK: Floats, truth_XK: Bools) -> Floats:
    """(X,): 1 where the reference's modal label is the truth and the variant's is not, NaN where
    one is tied.

    An example without a label is not visible here; whoever calls leaves it out (the card ``needs``
    the label).
    """
    ref, var = _leaders(ref_XK), _leaders(var_XK)
    truth = _candidates(truth_XK)
    return _where_modes(_meet(ref.leads, truth) & ~_meet(var.leads, truth), ref, var)


@measure(
    title="Newly right",
    kind="votes",
    range=(0.0, 1.0),
    null=0.0,
    worse="lower",
    reads="Share of examples that most of the reference gets wrong and most of the variant gets "
    "right.",
    paper="1911.05248 (exemplars on which the pruned mode is the right one)",
    needs=frozenset({"label"}),
)
def newly_right(ref_XK: Floats, var_XK: Floats, truth_XK: Bools) -> Floats:
    """(X,): 1 where the variant's modal label is the truth and the reference's is not, NaN where
    one is tied."""
    ref, var = _leaders(ref_XK), _leaders(var_XK)
    truth = _candidates(truth_XK)
    return _where_modes(_meet(var.leads, truth) & ~_meet(ref.leads, truth), ref, var)


class _Leaders(NamedTuple):
    """Which candidates lead the vote, one array per candidate, and where exactly one does."""

    leads: list[Bools]
    single_X: Bools


def _leaders(share_XK: Floats) -> _Leaders:
    """Whole-array passes over each candidate: K is 2 to 5, and numpy is slow along so short an
    axis."""
    share = _candidates(share_XK)
    top_X = reduce(np.maximum, share)
    bar_X = top_X - CLOSE
    leads = [np.asarray(share_X > bar_X) for share_X in share]
    tied_X = np.zeros(top_X.shape, dtype=bool)
    any_X = leads[0]
    for lead_X in leads[1:]:
        tied_X |= any_X & lead_X
        any_X = any_X | lead_X
    return _Leaders(leads, (top_X > CLOSE) & ~tied_X)


def _candidates(value_XK: NDArray[Any]) -> list[NDArray[Any]]:
    return [value_XK[..., k] for k in range(value_XK.shape[-1])]


def _meet(left: list[Bools], right: list[Bools]) -> Bools:
    """Whether any candidate is in both."""
    return reduce(np.logical_or, (a & b for a, b in zip(left, right, strict=True)))


def _where_modes(value_X: Bools, ref: _Leaders, var: _Leaders) -> Floats:
    """``value_X`` as 0/1, NaN where a population has no single modal label."""
    return np.where(ref.single_X & var.single_X, value_X, np.float32(np.nan)).astype(
        np.float32, copy=False
    )


def modal_labels(votes_NC: sp.sparray | ArrayLike, ties: Ties = "undefined") -> NDArray[np.int32]:
    """(N,): the class with the most votes of each example, −1 where there is no vote or (by
    default) a tie.

    ``votes_NC`` are counts, dense or sparse. ``ties="largest"`` is the rule of
    the released code of 1911.05248 (the last of the tied classes), ``"smallest"`` that of
    2207.00200 (argmax).
    """
    votes = sp.coo_array(votes_NC if sp.issparse(votes_NC) else np.asarray(votes_NC))
    row, label = votes.coords
    cast = votes.data > 0
    row, label, count = row[cast], label[cast], votes.data[cast]
    mode_N = np.full(votes.shape[0], MISSING, dtype=np.int32)
    if (np.diff(row) > 0).all():  # No example has votes for two classes, as with one member.
        mode_N[row] = label
        return mode_N
    # Best first within each example: most votes, then the class that the tie rule prefers.
    order = np.lexsort((-label if ties == "largest" else label, -count, row))
    row, label, count = row[order], label[order], count[order]
    first = np.flatnonzero(np.diff(row, prepend=-1))
    mode_N[row[first]] = label[first]
    if ties == "undefined":
        tied = np.flatnonzero((np.diff(row) == 0) & (np.diff(count) == 0))
        mode_N[row[tied[np.isin(tied, first)]]] = MISSING
    return mode_N
