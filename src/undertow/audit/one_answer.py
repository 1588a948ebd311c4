"""A side that gives one answer to nearly everything, and why that may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.needs import has_classes
from undertow.records.conditions import threshold_in
from undertow.records.records import Records

NEARLY_ALL = 0.95
"""Share of answers from which one answer is given to nearly everything."""
HALF, ROUNDING = 0.5, 1e-6
"""The score above which the positive class is the answer where nothing says so, and how exactly
scores are held."""


def one_answer(records: Records) -> Iterator[str]:
    if not has_classes(records):
        return
    found = [(m, *_most_given(records.pred_MN[m])) for m in range(records.M)]
    stuck = [(m, answer, share) for m, answer, share in found if share >= NEARLY_ALL]
    if not stuck:
        return
    m, answer, share = max(stuck, key=lambda m_answer_share: m_answer_share[2])
    name, labelled_N = records.classes[answer], records.label_N >= 0
    label = ""
    if labelled_N.any():
        label = (
            f"; {100 * float((records.label_N[labelled_N] == answer).mean()):.1f} % have that label"
        )
    if records.M == 1:
        yield (
            f"{records.name!r} gives one answer to nearly everything: {name!r} to "
            f"{100 * share:.1f} %{label}.{_at_threshold(records, m)}"
        )
    else:
        yield (
            f"{len(stuck)} of {records.M} members of {records.name!r} give one answer to nearly "
            f"everything: one says {name!r} to {100 * share:.1f} %{label}."
            f"{_at_threshold(records, m)}"
        )


_REMEDY = (
    "calibrate the scores, or give the predicted classes at the threshold in use with "
    "--prediction COLUMN."
)
_GIVE = "give the threshold in use with --threshold NUMBER, or calibrate the scores."
_CHECK = "if that is not the threshold in use, give another number with --threshold."


def _at_threshold(records: Records, m: int) -> str:
    """Of answers that are scores cut at a threshold: how many lie above, and what to do; else
    empty."""
    if records.proba_MNC is None or records.manifest.positive not in records.classes:
        return ""
    positive = records.classes.index(records.manifest.positive)
    answered_N = records.pred_MN[m] >= 0
    score_N = records.proba_MNC[m, answered_N, positive]
    known = threshold_in(records.manifest.conditions)
    cut = HALF if known is None else known
    above_N, says_N = score_N > cut, records.pred_MN[m, answered_N] == positive
    if ((above_N != says_N) & (np.abs(score_N - cut) > ROUNDING)).any():
        return ""
    fix = _REMEDY if known is None else _GIVE if cut == HALF else _CHECK
    return (
        f" The answer is taken at {cut:.15g}, and {int(says_N.sum()):,} of {len(says_N):,} scores "
        f"({100 * float(says_N.mean()):.1f} %) lie above it: {fix}"
    )


def _most_given(pred_N: NDArray[Any]) -> tuple[int, float]:
    answered_N = pred_N[pred_N >= 0]
    if len(answered_N) == 0:
        return -1, 0.0
    times_C = np.bincount(answered_N)
    return int(times_C.argmax()), float(times_C.max() / len(answered_N))
