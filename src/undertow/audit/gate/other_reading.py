"""A score that may be a grade or a probability, and a model that is worse by the other reading.

What a person typed says which of the two it is, and nothing proves it: beside two words,
``quality`` is read as a grade with ``--by state``, and as the probability of one of them with
``--label state``. If the other reading is right, a model that got worse passes. So it is looked at
too, where the numbers leave it open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.gate.rules._rule import number
from undertow.audit.pair import Pair
from undertow.audit.slices.disputed import columns_of
from undertow.audit.stats.auroc import area, error_of
from undertow.records.formats.columns.values import values_of
from undertow.records.formats.predictions.threshold import AS_PROBABILITY
from undertow.records.records import Records
from undertow.records.two_values import graded_finely
from undertow.records.usual_names import GRADED, LABEL, SCORE, flag_of, plain

FAR = 3.09
"""One-sided 0.1 %: scores tell two slices apart beyond chance, as those of a classifier do."""
SHOWN = 1.645
"""One-sided 5 %."""
READ = re.compile(rf"column '([^']*)' {AS_PROBABILITY} .* in '([^']*)';")
"""The note on a score that is read as a probability."""

Floats = NDArray[np.floating[Any]]


def worse_if_probability(pair: Pair) -> Iterator[str]:
    """A sentence on each slice of two values that the grades of a table tell apart, and those of
    the variant less well: if it is the right answer, the variant is worse."""
    if not (graded_finely(pair.reference) or graded_finely(pair.variant)):
        return
    for column in columns_of(pair.settings.by, pair.reference.slice_columns):
        values = sorted(values_of(pair.reference.examples[column]))
        if len(values) == 2:
            yield from _told_less(pair, column, values)


def _told_less(pair: Pair, column: str, values: list[str]) -> Iterator[str]:
    before_N, after_N = (
        np.nanmean(_scores(side), axis=0) for side in (pair.reference, pair.variant)
    )
    value = pair.reference.examples[column].cast(pl.String)
    kept = np.flatnonzero(~np.isnan(before_N + after_N) & value.is_not_null().to_numpy())
    first_N = (value == values[0]).to_numpy()[kept]
    if first_N.all() or not first_N.any():
        return
    clusters = None if pair.cluster_N is None else pair.cluster_N[kept]
    before, after = (area(number_N[kept], first_N) for number_N in (before_N, after_N))
    up = before.value > 1 / 2
    if abs(before.value - 1 / 2) <= FAR * error_of(before.moved_N, clusters):
        return
    sign = 1 if up else -1
    right = [((n[kept] > 1 / 2) == (first_N == up)).astype(float) for n in (before_N, after_N)]
    cut_N = (right[0] - right[1]) / len(kept)
    lost = _Loss(sign * (before.value - after.value), sign * (before.moved_N - after.moved_N))
    cut = _Loss(float(cut_N.sum()), cut_N - cut_N.mean())
    positive = values[0] if up else values[1]
    if lost.shown(clusters):
        areas = [number(100 * (a.value if up else 1 - a.value)) for a in (before, after)]
        what = f"tell {positive!r} from the rest in {areas[0]} and {areas[1]} % of pairs"
    elif cut.shown(clusters):
        shares = [number(100 * float(r.mean())) for r in right]
        what = f"stand on its side of one half in {shares[0]} and {shares[1]} % of rows"
    else:
        return
    yield (
        f"The scores of {pair.reference.name!r} and {pair.variant.name!r} {what} of {column!r}: if "
        f"that is the right answer and the score a probability, the new model is worse. If so, add "
        f"{flag_of('label', column)} {flag_of('positive', positive)} in place of "
        f"{flag_of('by', column)}."
    )


class _Loss(NamedTuple):
    """By how much it fell, and what each example moves that by."""

    by: float
    moved_N: Floats

    def shown(self, cluster_N: NDArray[np.int64] | None) -> bool:
        return self.by > SHOWN * error_of(self.moved_N, cluster_N)


def _scores(side: Records) -> Floats:
    assert side.score_MN is not None
    return side.score_MN


def worse_if_grade(pair: Pair, limit: float) -> Iterator[str]:
    """A sentence on a score that is called as grades are, is read as a probability, and fell beside
    both right answers: if it is a grade, the variant is worse. That it fell by more than the
    ``limit`` of a policy, a fraction, is not ruled out."""
    read = next((m for n in pair.reference.manifest.notes if (m := READ.search(n))), None)
    if read is None or not _may_be_grade(read[1], read[2]):
        return
    before_N, after_N = (_positive(side) for side in (pair.reference, pair.variant))
    if before_N is None or after_N is None:
        return
    fell_N = before_N - after_N
    kept = np.flatnonzero(~np.isnan(fell_N) & (pair.reference.label_N >= 0))
    fell_N, label_N = fell_N[kept], pair.reference.label_N[kept]
    if len(kept) == 0 or any(fell_N[label_N == c].mean() <= 0 for c in np.unique(label_N)):
        return
    clusters = None if pair.cluster_N is None else pair.cluster_N[kept]
    moved_N = (fell_N - fell_N.mean()) / len(kept)
    if fell_N.mean() + SHOWN * error_of(moved_N, clusters) < limit:
        return
    yield (
        f"{read[1]!r} fell by {number(100 * float(fell_N.mean()))} points, beside either value of "
        f"{read[2]!r}: if it says how good an answer is, the new model is worse. If so, add "
        f"{flag_of('by', read[2])} in place of {flag_of('label', read[2])} and leave --positive "
        "out."
    )


def _may_be_grade(score: str, label: str) -> bool:
    """Whether names leave it open."""
    return plain(score) in {*SCORE, *GRADED} and plain(label) not in LABEL


def _positive(side: Records) -> Floats | None:
    """The probability of the positive class (N,), the mean of members."""
    if side.proba_MNC is None or side.C != 2:
        return None
    mean_N: Floats = np.nanmean(side.proba_MNC[:, :, _index(side)], axis=0)
    return mean_N


def _index(side: Records) -> int:
    positive = side.manifest.positive
    return side.classes.index(positive) if positive in side.classes else 1
