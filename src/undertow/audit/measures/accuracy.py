"""Right and wrong answers: the top line, and what the same top line is on a slice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.card import measure
from undertow.records.records import Records


@measure(
    title="Accuracy",
    kind="rate",
    range=(0.0, 1.0),
    null=None,
    worse="lower",
    reads="Share of examples answered rightly: the prediction is the label. Of a graded task the "
    "log's own score.",
    paper="1911.05248 (top-1; on a class slice it is that class's recall)",
    needs=frozenset({"outcome"}),
)
def accuracy(records: Records) -> NDArray[np.floating[Any]]:
    """(M, N): 1 where the prediction is the label, 0 where not, NaN where one is missing; else the
    score."""
    return records.correct_MN


@measure(
    title="Error",
    kind="rate",
    range=(0.0, 1.0),
    null=None,
    worse="higher",
    reads="Share of examples not answered rightly: one minus accuracy.",
    paper="2010.03058 (error of a subgroup)",
    needs=frozenset({"outcome"}),
)
def error(records: Records) -> NDArray[np.floating[Any]]:
    """(M, N): 1 where the prediction is not the label, 0 where it is, NaN where either is missing;
    else 1 − score."""
    return 1 - records.correct_MN
