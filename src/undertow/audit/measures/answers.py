"""What a model answers, class by class: how often it says a class, and how often it is right when
it does.

On a class slice accuracy is recall: of the examples of a class, those found. A class can lose
recall because its examples are confused, or because it is answered less; only these two tell which.
Their examples are those that a member *answered* with the class, not those labelled with it, so
they are no slice: each member has its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.card import measure
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]


@measure(
    title="Share of answers",
    kind="answers",
    range=(0.0, 1.0),
    null=None,
    worse="neither",
    reads="Of all answers, the share that is this class, rightly or wrongly.",
    paper="1802.03916 (the distribution of predictions, whose shift is tested there)",
    needs=frozenset({"classes"}),
)
def answer_share(records: Records) -> Floats:
    """(2, C, M): how many examples each member answered with each class, and how many it answered
    at all."""
    answered_CM = _by_answer(records, np.ones(records.pred_MN.shape))
    return np.stack([answered_CM, np.broadcast_to(answered_CM.sum(axis=0), answered_CM.shape)])


@measure(
    title="Precision",
    kind="answers",
    range=(0.0, 1.0),
    null=None,
    worse="lower",
    reads="Of the answers that are this class, the share that is right. Accuracy on a class slice "
    "is its recall.",
    paper="van Rijsbergen 1979 (precision, beside recall)",
    needs=frozenset({"classes", "label"}),
)
def precision(records: Records) -> Floats:
    """(2, C, M): how many answers of each class were right, and how many there were, both on
    examples with a label."""
    labelled_N = records.label_N >= 0
    right_MN = (records.pred_MN == records.label_N) & labelled_N
    return np.stack(
        [
            _by_answer(records, side_MN)
            for side_MN in (right_MN, np.broadcast_to(labelled_N, right_MN.shape))
        ]
    )


def _by_answer(records: Records, weight_MN: NDArray[Any]) -> Floats:
    """(C, M): the sum of a weight over the examples that each member answered with each class."""
    sums = [
        np.bincount(pred_N[pred_N >= 0], weights=weight_N[pred_N >= 0], minlength=records.C)
        for pred_N, weight_N in zip(records.pred_MN, weight_MN, strict=True)
    ]
    return np.array(sums, dtype=np.float64).reshape(records.M, records.C).T


def answers_note(name: str, before: float, after: float, of_before: float, of_after: float) -> str:
    """The counts behind a share or a precision: ``answered 3,394 → 812 times of 8,960``. Counts of
    a population are means over its members."""
    of = (
        counted(of_after)
        if of_before == of_after
        else f"{counted(of_before)} → {counted(of_after)}"
    )
    if name == "answer_share":
        return f"answered {counted(before)} → {counted(after)} times of {of}"
    return (
        f"right in {counted(before)} of {counted(of_before)} → {counted(after)} of "
        f"{counted(of_after)} answers"
    )


def counted(number: float) -> str:
    """A count, or a mean of counts with one decimal where it is small."""
    return f"{number:,.0f}" if float(number).is_integer() or number >= 100 else f"{number:,.1f}"
