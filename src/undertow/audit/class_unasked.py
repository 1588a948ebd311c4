"""Classes where nobody asked for slices by them: a class that is lost hides beneath every other
slice as it hides beneath the whole.

Classes stay what they are, no slices of the audit: the correction over the slices that were asked
for does not change. They are tested by themselves, as an audit by class would: at its level,
corrected over all classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from undertow.audit import by_examples, by_members
from undertow.audit.findings import findings_frame
from undertow.audit.measures import accuracy
from undertow.audit.measures.error_rates import mistakes
from undertow.audit.pair import Pair
from undertow.audit.result import Unasked
from undertow.audit.slices.table import ALL, CLASS
from undertow.audit.slices.unknown import CROSS
from undertow.audit.wording import told
from undertow.records.records import Records

LONGEST = 60
"""Letters of a class that is named."""


def class_unasked(records: Records, by: Iterable[str]) -> Iterator[Unasked]:
    """The class, where examples have two or more and no slice is made of it; of two classes with
    error rates these are about each."""
    asked = {part.strip() for name in by for part in name.split(CROSS)}
    if records.answers is not None or CLASS in asked or mistakes(records):
        return
    classes = len(np.unique(records.label_N[records.label_N >= 0]))
    if classes > 1:
        yield Unasked(CLASS, classes)


def lost_unasked(pair: Pair) -> Iterator[str]:
    """Says which classes fall by more than chance can explain, where other slices were asked for:
    of a whole that falls too, those that are shown to fall by more."""
    for found in class_unasked(pair.reference, pair.settings.by) if pair.settings.by else ():
        by_class = replace(pair, settings=replace(pair.settings, by=(CLASS,)))
        tests = by_members if pair.design.mode == "members" else by_examples
        every = findings_frame(list(tests.rate_findings(by_class, [accuracy])))
        rows = every.filter(pl.col("measure") == accuracy.card.name)
        whole = min(float(rows.filter(pl.col("slice") == ALL)["effect"][0]), 0.0)
        worse = (pl.col("slice") == CLASS) & (pl.col("verdict") == "worse")
        lost = rows.filter(worse & (pl.col("high") < whole))
        if lost.height:
            yield _said(pair, lost.sort("effect").row(0, named=True), lost.height, found.values)


def _said(pair: Pair, worst: dict[str, object], lost: int, classes: int) -> str:
    effect, low, high = (float(str(worst[name])) for name in ("effect", "low", "high"))
    said = told(effect, low, high)
    which = "" if lost == 1 else "the worst is "
    return (
        f"{pair.variant.name!r} loses on {lost:,} of {classes:,} classes, which no slice is about: "
        f"{which}{CLASS} {str(worst['value'])[:LONGEST]} {said.effect} points "
        f"({said.low} to {said.high}), n = {worst['n_examples']:,}; add --by {CLASS}."
    )
