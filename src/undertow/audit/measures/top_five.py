"""Right answers among the five likeliest classes: the second top line of tasks of many classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.card import measure
from undertow.errors import UserError
from undertow.records.records import Records


@measure(
    title="Top-5 accuracy",
    kind="rate",
    range=(0.0, 1.0),
    null=None,
    worse="lower",
    reads="Share of examples whose label is among the five likeliest classes, where there are 20 "
    "classes or more. Of classes equally likely, those first in the population's own order count. "
    "It informs: verdicts and the gate's rules go by accuracy.",
    paper="1911.05248 (top-5), 2207.00200",
    needs=frozenset({"label", "top_5"}),
)
def top_5_accuracy(records: Records) -> NDArray[np.floating[Any]]:
    """(M, N): 1 where the label is among the five likeliest classes, 0 where not or where an answer
    counts as wrong for want of one, NaN where label, answer or probabilities are missing."""
    if records.in_top_MN is None:
        raise UserError(
            f"population '{records.name}' does not tell which five classes are likeliest: give the "
            "probabilities of 20 classes or more"
        )
    unanswered_MN = records.pred_MN >= len(records.answer_classes)
    known_MN = (records.label_N >= 0)[None, :] & (records.pred_MN >= 0)
    value_MN = np.where(unanswered_MN, np.float32(0), records.in_top_MN)
    return np.where(known_MN, value_MN, np.float32(np.nan))
