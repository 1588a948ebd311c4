"""Classes that the variant has all but stopped answering, where no slice is made of them.

A rare class hides beneath a top line and beneath every other slice: where one example in a hundred
has it, a model that never answers it again loses one point at most, which a limit may allow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from undertow.audit import by_examples, by_members
from undertow.audit.findings import findings_frame
from undertow.audit.measures.answers import answer_share, counted
from undertow.audit.needs import has_classes
from undertow.audit.pair import Pair
from undertow.audit.slices.table import CLASS
from undertow.audit.stats.slice_means import ratio
from undertow.audit.wording import share
from undertow.records.records import Records

KEPT = 0.1
"""Share of its earlier answers below which a class is all but never answered."""
LEVEL = 0.01
"""Two-sided, over all classes of a comparison. Of null worlds in which a rare class is answered by
chance alone up to .001 are accused."""
LONGEST = 60
"""Letters of a class that is named."""


def unanswered(pair: Pair, but_for: Collection[str] = ()) -> Iterator[str]:
    """Says which classes of the labels, ``but_for`` those that are said to lose already, are
    answered less often by more than chance can explain, corrected over all classes, and by nine in
    ten."""
    sides = pair.reference, pair.variant
    if not all(map(has_classes, sides)):
        return
    fell = set(_nearly_gone(*sides)) - set(but_for)
    if not fell:  # Mostly so, and a test of many classes takes its time.
        return
    by_class = replace(pair, settings=replace(pair.settings, by=(CLASS,), level=LEVEL))
    tests = by_members if pair.design.mode == "members" else by_examples
    found = findings_frame(list(tests.answer_findings(by_class, [answer_share])))
    shown = (pl.col("verdict") == "changed") & (pl.col("high") < 0)
    gone = found.filter(shown & pl.col("value").is_in(list(fell))).sort("effect")
    if gone.height:
        yield _said(pair, str(gone["value"][0]), gone.height)


def _nearly_gone(reference: Records, variant: Records) -> list[str]:
    """Classes of which at most a tenth of the answers is left, if any example has the label."""
    (before_C, after_C) = (ratio(*answer_share(s).mean(axis=2)) for s in (reference, variant))
    names, labels_N = reference.classes, reference.label_N[reference.label_N >= 0]
    lost_C = (before_C > 0) & (after_C <= KEPT * before_C)
    if len(labels_N):
        lost_C &= np.bincount(labels_N, minlength=len(names)) > 0
    return [names[c] for c in np.flatnonzero(lost_C)]


def _said(pair: Pair, name: str, several: int) -> str:
    """The class that was answered most of those that are gone."""
    c, label_N = pair.reference.classes.index(name), pair.reference.label_N
    sides = (answer_share(s)[:, c].mean(axis=1) for s in (pair.reference, pair.variant))
    (before, of_before), (after, of_after) = ((float(n), float(of)) for n, of in sides)
    of = counted(of_after)
    if of_before != of_after:
        of = f"{counted(of_before)} → {of}"
    ever = "hardly ever answers" if after else "no longer answers"
    more = f" and {several - 1:,} more" if several > 1 else ""
    labelled_N = label_N[label_N >= 0]
    has = f"; {share(float((labelled_N == c).mean()))} have that label" if len(labelled_N) else ""
    shares = f"{share(before / of_before)} → {share(after / of_after)} of answers"
    return (
        f"{pair.variant.name!r} {ever} {name[:LONGEST]!r}{more}: {shares} "
        f"({counted(before)} → {counted(after)} of {of}){has}. Add --by {CLASS}."
    )
