"""How sure the members are: of what they say, and of what is true."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.card import measure
from undertow.errors import UserError
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]


@measure(
    title="Confidence",
    kind="rate",
    range=(0.0, 1.0),
    null=None,
    worse="neither",
    reads="Mean highest probability. A shift says that certainty moved, not whether it was "
    "deserved.",
    paper="1706.04599 (confidence: the highest probability)",
    needs=frozenset({"confidence"}),
)
def confidence(records: Records) -> Floats:
    """(M, N): the highest probability, NaN where unknown."""
    if records.confidence_MN is None:
        raise UserError(
            f"population '{records.name}' holds no confidences: give class "
            "probabilities or a confidence"
        )
    return records.confidence_MN


@measure(
    title="Probability of the label",
    kind="rate",
    range=(0.0, 1.0),
    null=None,
    worse="lower",
    reads="Mean probability given to the label: falls before answers do.",
    paper="2009.10795 (the confidence of data maps, over members in place of epochs)",
    needs=frozenset({"label", "p_label"}),
)
def label_confidence(records: Records) -> Floats:
    """(M, N): the probability given to the label, NaN where label or probability is missing."""
    if records.p_label_MN is None:
        raise UserError(
            f"population '{records.name}' holds no probabilities of the label: give "
            "class probabilities"
        )
    return np.where((records.label_N >= 0)[None, :], records.p_label_MN, np.float32(np.nan))
