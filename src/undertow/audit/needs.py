"""Which measures two populations can feed, and why not the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from undertow.card import Measure, Need
from undertow.records.records import Records
from undertow.records.top_five import FEWEST


def supported(
    measures: Iterable[Measure], reference: Records, variant: Records
) -> tuple[tuple[Measure, ...], dict[str, str]]:
    """The measures that both populations can feed, and for each other one, by name, the reason that
    it is left out.

    That a task of many classes has no false positives is not an omission, so it has no reason; nor
    that five of a few classes say little, or that what is generated has no classes.
    """
    usable: list[Measure] = []
    reasons: dict[str, str] = {}
    for measure in measures:
        reason = _missing(measure, reference) or _missing(measure, variant)
        if "binary" in measure.card.needs and _classes(reference, variant) > 2:
            continue
        if "top_5" in measure.card.needs and not (
            _many_classes(reference) and _many_classes(variant)
        ):
            continue
        if "classes" in measure.card.needs and not (
            has_classes(reference) and has_classes(variant)
        ):
            continue
        if reason:
            reasons[measure.card.name] = reason
        else:
            usable.append(measure)
    return tuple(usable), reasons


def _classes(*sides: Records) -> int:
    return min(len(records.answer_classes) for records in sides)


def _missing(measure: Measure, records: Records) -> str:
    """Why this population cannot feed the measure; empty where it can."""
    unmet = [_LACKS[need] for need in sorted(measure.card.needs) if not _HOLDS[need](records)]
    return f"'{records.name}' {' and '.join(unmet)}" if unmet else ""


def has_classes(records: Records) -> bool:
    """Whether an answer means the same on every example, so that answers can be counted by
    class."""
    return records.manifest.task in ("classification", "binary", "choice") and records.C > 1


def _many_classes(records: Records) -> bool:
    return records.manifest.task == "classification" and len(records.answer_classes) >= FEWEST


_HOLDS: dict[Need, Callable[[Records], bool]] = {
    "label": lambda records: bool((records.label_N >= 0).any()),
    "outcome": lambda records: records.outcome_known,
    "confidence": lambda records: records.confidence_MN is not None,
    "p_label": lambda records: records.p_label_MN is not None,
    "probabilities": lambda records: records.proba_MNC is not None,
    "top_5": lambda records: records.in_top_MN is not None,
    "binary": lambda records: (
        len(records.answer_classes) == 2 and records.manifest.positive in records.answer_classes
    ),
    "classes": has_classes,
}
_LACKS: dict[Need, str] = {
    "label": "has no labels",
    "outcome": "has no labels",
    "confidence": "holds no confidences",
    "p_label": "holds no probabilities of the label",
    "probabilities": "does not hold all class probabilities",
    "top_5": "does not tell which five classes are likeliest",
    "binary": "is not a binary task with a named positive class",
    "classes": "has no classes",
}
