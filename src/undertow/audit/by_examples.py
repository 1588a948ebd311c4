"""Findings about the trained models at hand, over examples: paired statistics on the mean of each
side's runs.

They speak about these models, not about the change that was made. Repeat runs of the reference give
a floor for disagreement; without one, disagreement is counted and nothing is concluded from it.
More runs make the means steadier, so they never decide less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.findings import Finding
from undertow.audit.measures.answers import answer_share, answers_note
from undertow.audit.measures.error_rates import error_note
from undertow.audit.pair import Pair, Row
from undertow.audit.slices.table import CLASS
from undertow.audit.stats.answer_shift import AnswerShift, precision_shift, share_shift
from undertow.audit.stats.multiplicity import bonferroni
from undertow.audit.stats.outlook import (
    Known,
    clusters_until,
    examples_until,
    fewest_units,
)
from undertow.audit.stats.over_runs import (
    beyond_repeats,
    disagreements,
    mean_of_runs,
    run_shift,
)
from undertow.audit.stats.paired_shift import RowShift, Shift
from undertow.audit.stats.slice_means import slice_means
from undertow.audit.verdicts import Verdict, direction, floor_verdict, shift_verdict
from undertow.audit.wording import Excess, about, excess_note, points, unseen_note
from undertow.card import Card, Measure

Floats = NDArray[np.floating[Any]]

NO_VALUE = "no floor: the repeat runs have no value on these examples"
NO_FLOOR = "no floor: one reference run; a repeat run of the reference would give one"


def rate_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Each per-member measure by slice: the mean of the reference's runs against the mean of the
    variant's."""
    for measure in measures:
        before_RN, after_RN = measure(pair.reference), measure(pair.variant)
        for family, membership_GN in zip(pair.families, pair.membership_by_family, strict=True):
            rows = pair.rows[family]
            share = pair.settings.level / len(rows)
            shift = run_shift(membership_GN, before_RN, after_RN, share, pair.cluster_N)
            yield from _shift_findings(
                pair, measure.card, rows, shift, _floors(membership_GN, _from_the_others(before_RN))
            )


def _shift_findings(
    pair: Pair, card: Card, rows: tuple[Row, ...], shift: Shift, floors: _Floors
) -> Iterator[Finding]:
    for g, row in enumerate(rows):
        one = shift.row(g)
        n = int(one.n)
        if np.isnan(one.effect):
            few = "fewer than two examples" if np.isnan(one.clusters) else "fewer than two clusters"
            note = "no example to measure on" if n == 0 else few
            yield pair.finding(card.name, card, row, verdict="undefined", note=note, n=n)
            continue
        tolerance, level = pair.tolerance(row), pair.settings.level
        verdict = shift_verdict(
            card,
            one.effect,
            one.low,
            one.high,
            one.adjusted,
            level=level,
            tolerance=tolerance,
            unseen=(one.unseen_low, one.unseen_high),
        )
        yield pair.finding(
            card.name,
            card,
            row,
            verdict=verdict,
            note="; ".join(
                note
                for note in _notes(
                    pair, card, one, verdict, tolerance, level / len(rows), floors.at(g)
                )
                if note
            ),
            n=n,
            reference=one.before,
            changed=one.after,
            effect=one.effect,
            low=one.low,
            high=one.high,
            p=one.p,
            p_adjusted=one.adjusted,
            **floors.at(g)._asdict(),
        )


def _notes(
    pair: Pair,
    card: Card,
    one: RowShift,
    verdict: str,
    tolerance: float,
    share: float,
    floor: _Floor,
) -> Iterator[str]:
    """The counts in the measure's own words, and what the verdict rests on or what would settle
    it."""
    if not np.isnan(one.clusters):
        yield f"{int(one.clusters):,} clusters"
    if verdict in ("worse", "better") and floor.spans(one.effect):
        yield (
            "runs of the reference differ as much from each other: this is about these models, not "
            "their recipes"
        )
    if not np.isnan(one.fell):
        n, fell, rose = int(one.n), int(one.fell), int(one.rose)
        after = round(one.after * n)
        yield _counted(card, _Flips(fell, rose, after - rose + fell, after, n))
    elif not pair.design.repeats:
        yield NO_FLOOR
    yield from _outlook(pair, card, verdict, one, tolerance, share)


def answer_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Every measure of answers, class by class; runs of either side are averaged."""
    for measure in measures:
        shift = answers_over_examples(pair, measure)
        sums = [measure(side).mean(axis=2) for side in (pair.reference, pair.variant)]
        for c, name in enumerate(pair.reference.classes):
            (before, of_before), (after, of_after) = (
                (float(total_C[c]), float(n_C[c])) for total_C, n_C in sums
            )
            row = Row(CLASS, name, int(max(of_before, of_after)))
            note = answers_note(measure.card.name, before, after, of_before, of_after)
            yield _answer_finding(
                pair, measure.card, row, AnswerShift(*(column_C[c] for column_C in shift)), note
            )


def _answer_finding(pair: Pair, card: Card, row: Row, one: AnswerShift, note: str) -> Finding:
    effect, low, high, p, adjusted = (
        float(a) for a in (one.effect_C, one.low_C, one.high_C, one.p_C, one.adjusted_C)
    )
    unseen = low - float(one.unseen_C), high + float(one.unseen_C)
    tolerance, level = pair.tolerance(row), pair.settings.level
    return pair.finding(
        card.name,
        card,
        row,
        verdict=shift_verdict(
            card, effect, low, high, adjusted, level=level, tolerance=tolerance, unseen=unseen
        ),
        note=note,
        reference=float(one.before_C),
        changed=float(one.after_C),
        effect=effect,
        low=low,
        high=high,
        p=p,
        p_adjusted=adjusted,
    )


def answers_over_examples(pair: Pair, measure: Measure) -> AnswerShift:
    """One measure of answers over examples, at the level that is left to each class."""
    before_RN, after_RN, classes = pair.reference.pred_MN, pair.variant.pred_MN, pair.reference.C
    level = pair.settings.level / classes
    if measure is answer_share:
        return share_shift(before_RN, after_RN, classes, level, pair.cluster_N)
    return precision_shift(
        before_RN, after_RN, pair.reference.label_N, classes, level, pair.cluster_N
    )


class _Floor(NamedTuple):
    """One row of ``_Floors``."""

    floor: float
    floor_low: float
    floor_high: float

    def spans(self, effect: float) -> bool:
        """Whether runs of the reference reach as far by themselves; False without repeat runs."""
        return self.floor_low <= effect <= self.floor_high


class _Floors(NamedTuple):
    """What the reference's runs show among themselves, per row: mean, least and most; NaN without a
    repeat run."""

    mean_G: Floats
    low_G: Floats
    high_G: Floats

    def at(self, g: int) -> _Floor:
        return _Floor(float(self.mean_G[g]), float(self.low_G[g]), float(self.high_G[g]))


def _floors(membership_GN: sp.csr_array, value_RN: Floats) -> _Floors:
    if len(value_RN) == 0:
        nothing_G = np.full(membership_GN.shape[0], np.nan)
        return _Floors(nothing_G, nothing_G, nothing_G)
    mean_GR = slice_means(membership_GN, value_RN)
    return _Floors(mean_GR.mean(axis=1), mean_GR.min(axis=1), mean_GR.max(axis=1))


def _from_the_others(run_RN: Floats) -> Floats:
    """Each run's difference from the mean of the other runs of its side, (R, N); empty for one
    run."""
    others = [
        mean_of_runs(np.delete(run_RN, r, axis=0)) for r in range(len(run_RN)) if len(run_RN) > 1
    ]
    return run_RN - np.array(others) if others else run_RN[:0]


class _Flips(NamedTuple):
    """How many of n examples went from 1 to 0 and from 0 to 1, and how many were 1 before and
    after."""

    fell: int
    rose: int
    before: int
    after: int
    n: int


def _counted(card: Card, flips: _Flips) -> str:
    """The counts in the measure's own words."""
    if card.name == "accuracy":
        return f"{flips.fell:,} newly wrong, {flips.rose:,} newly right"
    if card.name == "top_5_accuracy":
        return f"{flips.fell:,} labels left the five likeliest, {flips.rose:,} came among them"
    said = error_note(card.name, flips.before, flips.after, flips.n, flips.n)
    return said or f"{flips.fell:,} went from 1 to 0, {flips.rose:,} from 0 to 1"


def _outlook(
    pair: Pair, card: Card, verdict: str, one: RowShift, tolerance: float, share: float
) -> Iterator[str]:
    """What the verdict rests on, or what would settle it: never fewer examples than there are."""
    if verdict == "within tolerance":
        yield f"within the tolerance of {points(tolerance)}"
        if not pair.design.repeats and not np.isnan(one.fell):
            yield NO_FLOOR.split(";")[0]
    if verdict == "too small to tell":
        yield unseen_note(one.low, one.high, one.unseen_low, one.unseen_high, tolerance)
        gains = direction(one.effect, card.worse) == "better"
        yield _needed(one, tolerance, share, gains=gains)


def _needed(one: RowShift, tolerance: float, share: float, *, gains: bool) -> str:
    """How many examples, or clusters, an open verdict needs: until a loss, or with clusters unlike
    those seen a gain, is shown, or the change lies within the tolerance, whichever comes first."""
    clustered = not np.isnan(one.clusters)
    known = Known(one.clusters if clustered else one.n, one.error, share / 2)
    if clustered and known.units < fewest_units(share):
        # The interval has no end, which tells nothing of how many.
        return f"at least {fewest_units(share)} clusters in this slice are needed to tell anything"
    needed = min(
        clusters_until(known, seen, target, wide=wide)
        if clustered
        else examples_until(known, seen, target)
        for target, seen, wide in _ways(one, tolerance, gains=gains)
    )
    what = "clusters" if clustered else "examples"
    return f"{about(needed, known.units)} {what} in this slice would decide {points(tolerance)}"


def _ways(one: RowShift, tolerance: float, *, gains: bool) -> Iterator[tuple[float, float, float]]:
    """How a verdict may fall: how far off the effect a limit has to come, how far it lies, and how
    far where that has to hold with clusters unlike those seen, else 0."""
    below, above = one.effect - one.low, one.high - one.effect
    wide_below, wide_above = one.effect - one.unseen_low, one.unseen_high - one.effect
    if one.effect:
        seen, wide = (below, wide_below) if one.effect > 0 else (above, wide_above)
        yield abs(one.effect), seen, wide if gains else 0.0
    if tolerance > abs(one.effect):
        yield tolerance - abs(one.effect), max(below, above), max(wide_below, wide_above)


def pair_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Disagreement of the models, against the reference's own repeat runs where there are any."""
    for m in measures:
        found = disagreements(
            pair.reference.pred_MN, pair.variant.pred_MN, pair.reference.label_N, m.function
        )
        yield from _disagreement(pair, m.card, *found)


def mixture_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Distance of the models' probabilities, against the reference's own repeat runs where there
    are any."""
    before_MNC, after_MNC, label_N = (
        pair.reference.proba_MNC,
        pair.variant.proba_MNC,
        pair.reference.label_N,
    )
    if before_MNC is None or after_MNC is None:
        return
    for m in measures:
        yield from _disagreement(
            pair, m.card, *disagreements(before_MNC, after_MNC, label_N, m.function)
        )


def _disagreement(pair: Pair, card: Card, value_N: Floats, repeat_PN: Floats) -> Iterator[Finding]:
    for family, membership_GN in zip(pair.families, pair.membership_by_family, strict=True):
        yield from _against_repeats(
            pair, card, pair.rows[family], membership_GN, value_N, repeat_PN
        )


def _against_repeats(
    pair: Pair,
    card: Card,
    rows: tuple[Row, ...],
    membership_GN: sp.csr_array,
    value_N: Floats,
    repeat_PN: Floats,
) -> Iterator[Finding]:
    n_G = np.asarray(membership_GN @ (~np.isnan(value_N)).astype(np.float64))
    value_G = slice_means(membership_GN, value_N[None])[:, 0]
    floors = _floors(membership_GN, repeat_PN)
    # The question is one-sided, so each limit has the level by itself.
    share = pair.settings.level / len(rows)
    excess = beyond_repeats(membership_GN, value_N, repeat_PN, 2 * share, pair.cluster_N)
    adjusted_G = bonferroni(excess.p_G)
    for g, row in enumerate(rows):
        effect, low, high = (float(a[g]) for a in (excess.effect_G, excess.low_G, excess.high_G))
        tolerance, floor = pair.tolerance(row), float(floors.mean_G[g])
        # Without a repeat run no number of examples would tell what chance gives.
        verdict: Verdict = "undefined"
        if not np.isnan(floor):
            verdict = floor_verdict(
                card,
                float(value_G[g]),
                floor,
                high,
                float(adjusted_G[g]),
                level=pair.settings.level,
                tolerance=tolerance,
                unseen_low=float(excess.unseen_low_G[g]),
            )
        note = NO_VALUE if len(repeat_PN) else NO_FLOOR
        if np.isfinite((effect, low, high)).all():
            known = Known(float(excess.units_G[g]), float(excess.error_G[g]), share)
            found = Excess(effect, low, high, float(excess.unseen_low_G[g]))
            note = _excess_needs(pair, card, known, found, tolerance)
        yield pair.finding(
            card.name,
            card,
            row,
            verdict=verdict,
            note=note if verdict == "too small to tell" or (np.isnan(floor) and n_G[g]) else "",
            n=int(n_G[g]),
            reference=floor,
            changed=value_G[g],
            effect=effect,
            low=low,
            high=high,
            p=excess.p_G[g],
            p_adjusted=adjusted_G[g],
            **floors.at(g)._asdict(),
        )


def _excess_needs(pair: Pair, card: Card, known: Known, found: Excess, tolerance: float) -> str:
    """How many examples, or clusters, an open disagreement needs."""
    if pair.cluster_N is None:
        return excess_note(
            card,
            found,
            tolerance,
            lambda seen, target, wide: examples_until(known, seen, target),
            known.units,
            "examples",
        )
    fewest = fewest_units(2 * known.level)
    if known.units < fewest:
        return f"at least {fewest:,} clusters in this slice are needed to tell anything"
    return excess_note(
        card,
        found,
        tolerance,
        lambda seen, target, wide: clusters_until(known, seen, target, wide=wide),
        known.units,
        "clusters",
    )
