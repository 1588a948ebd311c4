"""False positive and false negative rate of a binary task, and the counts behind them.

Rates alone mislead on rare cells: +50 % of a rate below one percent can be one example. So a
finding's note has the counts beside the relative change, which is NaN, not infinite, where there
was nothing to be relative to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undertow.card import measure
from undertow.errors import UserError
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]


@measure(
    title="False positive rate",
    kind="rate",
    range=(0.0, 1.0),
    null=None,
    worse="higher",
    reads="Of the examples that are not of the positive class, the share predicted positive: FP / "
    "(FP + TN).",
    paper="2010.03058 (FPR of a subgroup)",
    needs=frozenset({"label", "binary"}),
)
def false_positive_rate(records: Records) -> Floats:
    """(M, N): 1 false alarm, 0 correct rejection, NaN where the label is positive or anything is
    missing, an answer too that counts as wrong for want of one."""
    return _mistaken(records, records.label_N != positive_class(records))


@measure(
    title="False negative rate",
    kind="rate",
    range=(0.0, 1.0),
    null=None,
    worse="higher",
    reads="Of the examples of the positive class, the share predicted negative: FN / (FN + TP).",
    paper="2010.03058 (FNR of a subgroup)",
    needs=frozenset({"label", "binary"}),
)
def false_negative_rate(records: Records) -> Floats:
    """(M, N): 1 miss, 0 hit, NaN where the label is negative or anything is missing, an answer too
    that counts as wrong for want of one."""
    return _mistaken(records, records.label_N == positive_class(records))


def _mistaken(records: Records, asked_N: NDArray[np.bool_]) -> Floats:
    answered_MN = records.pred_MN < len(records.answer_classes)
    return np.where(asked_N & answered_MN, 1 - records.correct_MN, np.float32(np.nan))


def positive_class(records: Records) -> int:
    """Index of the positive class; ``UserError`` unless the task has two classes, one of them named
    positive."""
    classes = records.answer_classes
    if len(classes) != 2 or records.manifest.positive not in classes:
        raise UserError(
            f"population '{records.name}' has {len(classes)} classes and positive class "
            f"{records.manifest.positive!r}: a false positive needs two classes, one of them named "
            "as positive in the manifest"
        )
    return records.classes.index(records.manifest.positive)


COUNTED = {"false_positive_rate": "false positives", "false_negative_rate": "false negatives"}


def mistakes(records: Records) -> dict[str, str]:
    """What each rate counts, in the words of the classes: ``‘fault’ answered ‘ok’``. Empty unless
    the task has two classes, one of them named positive."""
    positive = records.manifest.positive
    if len(records.answer_classes) != 2 or positive not in records.answer_classes:
        return {}
    negative = next(name for name in records.answer_classes if name != positive)
    return {
        "false_positive_rate": f"‘{negative}’ answered ‘{positive}’",
        "false_negative_rate": f"‘{positive}’ answered ‘{negative}’",
    }


def error_note(name: str, before: float, after: float, of_before: float, of_after: float) -> str:
    """The counts behind an error rate and its relative change: ``false positives 12 → 30 of 400;
    relative change +150 %``. Empty for any other measure. Counts of a population are means over its
    members."""
    if name not in COUNTED or not (of_before > 0 and of_after > 0):
        return ""
    out_of = (
        _count(of_after) if of_before == of_after else f"{_count(of_before)} → {_count(of_after)}"
    )
    change = float(relative_change(after / of_after, before / of_before))
    said = "undefined (none before)" if np.isnan(change) else f"{change:+.0f} %".replace("-", "−")
    return f"{COUNTED[name]} {_count(before)} → {_count(after)} of {out_of}; relative change {said}"


def _count(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def relative_change(changed: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """``100 · (changed − reference) / reference`` in percent, NaN where the reference is 0
    (2010.03058)."""
    after, before = np.asarray(changed, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(before == 0, np.nan, 100 * (after - before) / before)
