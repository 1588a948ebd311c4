"""Which measures two populations can feed, and why not the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

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
        reason = _missing(measure, reference, variant)
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


def _missing(measure: Measure, *sides: Records) -> str:
    """Why these populations cannot feed the measure; empty where they can. What no side has is said
    of both, as it is no fault of one."""
    needs = sorted(measure.card.needs)
    unmet = [[need for need in needs if not _HOLDS[need](side)] for side in sides]
    if all(unmet) and unmet[0] == unmet[-1]:
        return f"neither side {' nor '.join(_LACKS[need].neither for need in unmet[0])}"
    named = zip(sides, unmet, strict=True)
    one = next(((side, needs) for side, needs in named if needs), None)
    return f"{one[0].name!r} {' and '.join(_LACKS[n].one for n in one[1])}" if one else ""


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


class _Lack(NamedTuple):
    """What is said of one side, and, after *neither side*, of both."""

    one: str
    neither: str


_LACKS: dict[Need, _Lack] = {
    "label": _Lack("has no labels", "has labels"),
    "outcome": _Lack("has no labels", "has labels"),
    "confidence": _Lack("holds no confidences", "holds confidences"),
    "p_label": _Lack("holds no probabilities of the label", "holds probabilities of the label"),
    "probabilities": _Lack(
        "does not hold all class probabilities", "holds all class probabilities"
    ),
    "top_5": _Lack(
        "does not tell which five classes are likeliest",
        "tells which five classes are likeliest",
    ),
    "binary": _Lack(
        "is not a binary task with a named positive class",
        "is a binary task with a named positive class",
    ),
    "classes": _Lack("has no classes", "has classes"),
}
