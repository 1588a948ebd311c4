"""Measures on slices: means over the examples of a slice on which the measure is defined, for each member."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.card import Measure, Need
from undertow.records.records import Records

Floats = NDArray[np.float64]


def summed(measure: Measure, records: Records, membership_GN: sp.csr_array) -> tuple[Floats, Floats]:
    """(G, M) twice: each member's sum of a rate measure over each row's examples, and on how many it is defined."""
    value_NM = measure(records).T
    known_NM = ~np.isnan(value_NM)
    total_GM = np.asarray(membership_GN @ np.where(known_NM, value_NM, 0).astype(np.float64))
    return total_GM, np.asarray(membership_GN @ known_NM.astype(np.float64))


def rate_overall(measure: Measure, records: Records) -> Floats:
    """(M,): each member's mean of a rate measure over all examples, NaN where it is defined on none."""
    value_MN = measure(records)
    known_MN = ~np.isnan(value_MN)
    return ratio(np.where(known_MN, value_MN, 0).sum(axis=1, dtype=np.float64), known_MN.sum(axis=1))


def ratio(total: Any, count: Any) -> Floats:
    """``total / count``, NaN where nothing was counted."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Floats = np.asarray(total, dtype=np.float64) / np.asarray(count)
    return quotient


def supported(
    measures: Iterable[Measure], reference: Records, variant: Records
) -> tuple[tuple[Measure, ...], dict[str, str]]:
    """The measures that both populations can feed, and for each other one, by name, the reason that it is left out.

    That a task of many classes has no false positives is not an omission, so it has no reason; nor that what is
    generated has no classes.
    """
    usable: list[Measure] = []
    reasons: dict[str, str] = {}
    for measure in measures:
        reason = _missing(measure, reference) or _missing(measure, variant)
        if "binary" in measure.card.needs and min(reference.C, variant.C) > 2:
            continue
        if "classes" in measure.card.needs and not (has_classes(reference) and has_classes(variant)):
            continue
        if reason:
            reasons[measure.card.name] = reason
        else:
            usable.append(measure)
    return tuple(usable), reasons


def _missing(measure: Measure, records: Records) -> str:
    """Why this population cannot feed the measure; empty where it can."""
    unmet = [_LACKS[need] for need in sorted(measure.card.needs) if not _HOLDS[need](records)]
    return f"'{records.name}' {' and '.join(unmet)}" if unmet else ""


def has_classes(records: Records) -> bool:
    """Whether an answer means the same on every example, so that answers can be counted by class."""
    return records.manifest.task in ("classification", "binary", "choice") and records.C > 1


_HOLDS: dict[Need, Callable[[Records], bool]] = {
    "label": lambda records: bool((records.label_N >= 0).any()),
    "outcome": lambda records: records.outcome_known,
    "confidence": lambda records: records.confidence_MN is not None,
    "p_label": lambda records: records.p_label_MN is not None,
    "probabilities": lambda records: records.proba_MNC is not None,
    "binary": lambda records: records.C == 2 and records.manifest.positive in records.classes,
    "classes": has_classes,
}
_LACKS: dict[Need, str] = {
    "label": "has no labels",
    "outcome": "has no labels",
    "confidence": "holds no confidences",
    "p_label": "holds no probabilities of the label",
    "probabilities": "does not hold all class probabilities",
    "binary": "is not a binary task with a named positive class",
    "classes": "has no classes",
}
