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
from undertow.audit.class_unanswered import unanswered
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
    if records.answers is not None or _is_asked(by) or mistakes(records):
        return
    classes = len(np.unique(records.label_N[records.label_N >= 0]))
    if classes > 1:
        yield Unasked(CLASS, classes)


def _is_asked(by: Iterable[str]) -> bool:
    return CLASS in {part.strip() for name in by for part in name.split(CROSS)}


def lost_unasked(pair: Pair) -> Iterator[str]:
    """Says which classes fall by more than chance can explain, where other slices were asked for:
    of a whole that falls too, those that are shown to fall by more. Then which others are hardly
    answered any more."""
    if not pair.settings.by or _is_asked(pair.settings.by):
        return
    fallen = list[str]()
    for found in class_unasked(pair.reference, pair.settings.by):
        lost = _lost(pair)
        if lost.height:
            yield _said(pair, lost.row(0, named=True), lost.height, found.values)
            fallen += lost["value"].to_list()
    yield from unanswered(pair, fallen)


def _lost(pair: Pair) -> pl.DataFrame:
    """Classes that fall by more than chance and the whole do, the largest loss first."""
    by_class = replace(pair, settings=replace(pair.settings, by=(CLASS,)))
    tests = by_members if pair.design.mode == "members" else by_examples
    every = findings_frame(list(tests.rate_findings(by_class, [accuracy])))
    rows = every.filter(pl.col("measure") == accuracy.card.name)
    whole = min(float(rows.filter(pl.col("slice") == ALL)["effect"][0]), 0.0)
    worse = (pl.col("slice") == CLASS) & (pl.col("verdict") == "worse")
    return rows.filter(worse & (pl.col("high") < whole)).sort("effect")


def _said(pair: Pair, worst: dict[str, object], lost: int, classes: int) -> str:
    effect, low, high = (float(str(worst[name])) for name in ("effect", "low", "high"))
    said = told(effect, low, high)
    which = "" if lost == 1 else "the worst is "
    return (
        f"{pair.variant.name!r} loses on {lost:,} of {classes:,} classes, which no slice is about: "
        f"{which}{CLASS} {str(worst['value'])[:LONGEST]} {said.effect} points "
        f"({said.low} to {said.high}), n = {worst['n_examples']:,}; add --by {CLASS}."
    )
