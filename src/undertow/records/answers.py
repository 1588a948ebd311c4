"""What one member answered, as its file ``members/<id>.parquet`` keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import RecordError
from undertow.records.records import MISSING
from undertow.records.schema import FULL_PROBABILITIES_UP_TO, TOP_K
from undertow.records.top_five import FEWEST, among_stored

Float = NDArray[np.float32]
PER_EXAMPLE = ("p_label", "confidence", "margin")
"""Columns that hold one probability per example and member."""
TEXTS = ("answer", "output")
"""Columns of a graded task that hold words: what was extracted as the answer, and all that was
written."""


@dataclass(frozen=True, eq=False)
class Answers:
    """One member over N examples. Probabilities are in [0, 1], NaN where unknown, ``None`` where
    all are unknown.

    ``top_class_NK`` and ``top_probability_NK`` hold the K = 5 likeliest classes and stand for
    ``proba_NC`` where there are more than 64 classes; ``in_top_N`` is whether the label is among
    them (``top_five``). ``score_N``, ``answer_N`` and ``output_N`` belong to graded tasks.
    """

    pred_N: NDArray[np.int32]
    p_label_N: Float | None = None
    confidence_N: Float | None = None
    margin_N: Float | None = None
    proba_NC: Float | None = None
    top_class_NK: NDArray[np.int32] | None = None
    top_probability_NK: Float | None = None
    score_N: Float | None = None
    answer_N: pl.Series | None = None
    output_N: pl.Series | None = None
    in_top_N: Float | None = None


def derive(
    pred_N: NDArray[np.integer[Any]], proba_NC: NDArray[Any] | None, label_N: NDArray[np.int32]
) -> Answers:
    """What is kept of a member's probabilities. Rows of NaN stay NaN; without labels there is no
    ``p_label``."""
    pred = np.ascontiguousarray(pred_N, dtype=np.int32)
    if proba_NC is None:
        return Answers(pred)
    proba = np.ascontiguousarray(proba_NC, dtype=np.float32)
    classes = proba.shape[1]
    top_NK = _top(proba, min(TOP_K, classes))
    top_p_NK = np.take_along_axis(proba, top_NK, axis=1)
    confidence = top_p_NK[:, 0].copy()
    margin = confidence - top_p_NK[:, 1] if classes > 1 else confidence
    p_label = None if (label_N < 0).all() else _at_label(proba, label_N)
    many = classes >= FEWEST
    in_top = among_stored(top_NK, label_N, p_label) if many and p_label is not None else None
    if classes <= FULL_PROBABILITIES_UP_TO:
        return Answers(pred, p_label, confidence, margin, proba, in_top_N=in_top)
    top = top_NK.astype(np.int32), top_p_NK
    return Answers(pred, p_label, confidence, margin, None, *top, in_top_N=in_top)


def stacked(per_member: Iterable[NDArray[Any] | None]) -> Float | None:
    """Members stacked; NaN for a member that lacks it, ``None`` where all do."""
    arrays = list(per_member)
    known = next((a for a in arrays if a is not None), None)
    if known is None:
        return None
    unknown = np.full(known.shape, np.nan, dtype=np.float32)
    return np.stack([unknown if a is None else a for a in arrays])


def to_frame(example_id_N: pl.Series, answers: Answers) -> pl.DataFrame:
    """A member file's columns. A missing prediction is null, a column of which nothing is known is
    left out, and ``in_top`` where probabilities tell it."""
    columns: dict[str, pl.Series] = {
        "example_id": example_id_N,
        "prediction": pl.Series(answers.pred_N).replace(MISSING, None),
    }
    for name, values in zip(
        PER_EXAMPLE, (answers.p_label_N, answers.confidence_N, answers.margin_N), strict=True
    ):
        if values is not None:
            columns[name] = pl.Series(values)
    for name, rows, kind in (
        ("probability", answers.proba_NC, pl.Float32),
        ("top_class", answers.top_class_NK, pl.Int32),
        ("top_probability", answers.top_probability_NK, pl.Float32),
    ):
        if rows is not None:
            columns[name] = pl.Series(name, rows, dtype=pl.Array(kind, rows.shape[1]))
    if answers.in_top_N is not None and answers.proba_NC is None and answers.top_class_NK is None:
        columns["in_top"] = pl.Series(answers.in_top_N)
    if answers.score_N is not None:
        columns["score"] = pl.Series(answers.score_N, dtype=pl.Float32)
    for name, texts in zip(TEXTS, (answers.answer_N, answers.output_N), strict=True):
        if texts is not None:
            columns[name] = texts
    return pl.DataFrame(columns)


def check_answers(
    member_id: str, pred_N: NDArray[Any], proba_NC: NDArray[Any] | None, n: int, classes: int
) -> None:
    """``RecordError`` where predictions or probabilities cannot be those of ``n`` examples over
    ``classes``.

    Probabilities may be missing (NaN) only where the prediction is: a network that diverged has no
    prediction either.
    """
    if pred_N.shape != (n,):
        raise RecordError(
            f"member {member_id!r} has predictions of shape {pred_N.shape}; {n} "
            f"examples want ({n},)"
        )
    low, high = (int(pred_N.min()), int(pred_N.max())) if n else (0, 0)
    if n and (low < MISSING or high >= classes):
        wrong = low if low < MISSING else high
        raise RecordError(
            f"member {member_id!r} predicts class {wrong}; there are classes 0 to {classes - 1}"
        )
    if proba_NC is None:
        return
    if proba_NC.shape != (n, classes):
        raise RecordError(
            f"member {member_id!r} has probabilities of shape {proba_NC.shape}; expected ({n}, "
            f"{classes}), one row per example and one column per class"
        )
    outside = ~((proba_NC >= 0) & (proba_NC <= 1 + 1e-6)).all(axis=1) & (pred_N != MISSING)
    if outside.any():
        first = proba_NC[int(outside.argmax())]
        value = first[~((first >= 0) & (first <= 1 + 1e-6))][0]
        raise RecordError(
            f"member {member_id!r} has {int(outside.sum())} examples whose probabilities leave [0, "
            f"1], first {value}; a member that diverged is recorded with fail_member"
        )


def _top(proba_NC: Float, k: int) -> NDArray[np.intp]:
    """The k likeliest classes, likeliest first, the smaller class first among equals."""
    if proba_NC.shape[1] <= FULL_PROBABILITIES_UP_TO:
        return np.argsort(-proba_NC, axis=1, kind="stable")[:, :k]
    parted_NC = np.argpartition(-proba_NC, (k - 1, k), axis=1)
    some_NK = np.sort(parted_NC[:, :k], axis=1)
    last_N, next_N = np.take_along_axis(proba_NC, parted_NC[:, k - 1 : k + 1], axis=1).T
    tied_N = last_N == next_N
    if tied_N.any():
        some_NK[tied_N] = _first_of_equals(proba_NC[tied_N], last_N[tied_N, None], k)
    order_NK = np.argsort(-np.take_along_axis(proba_NC, some_NK, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some_NK, order_NK, axis=1)


def _first_of_equals(proba_NC: Float, last_N1: Float, k: int) -> NDArray[np.intp]:
    """The k likeliest classes in the order of classes, the smaller ones of those as likely as the
    last."""
    above_NC, equal_NC = proba_NC > last_N1, proba_NC == last_N1
    left_N1 = k - above_NC.sum(axis=1, keepdims=True)
    taken_NC = above_NC | (equal_NC & (equal_NC.cumsum(axis=1) <= left_N1))
    return np.nonzero(taken_NC)[1].reshape(-1, k)


def _at_label(proba_NC: Float, label_N: NDArray[np.int32]) -> Float:
    """Probability of the label, NaN where there is no label."""
    chosen_N = proba_NC[np.arange(label_N.size), np.maximum(label_N, 0)]
    return np.where(label_N >= 0, chosen_N, np.float32(np.nan))
