"""Findings with one member on a side: paired statistics over examples.

They speak about two trained models, not about the change that was made. A repeat run of the reference gives a
floor for disagreement; without one, disagreement is counted and nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.stats import binom

from undertow.audit.evaluate import ratio
from undertow.audit.findings import Finding, excess_note, floor_verdict, points, shift_verdict, size_for
from undertow.audit.measures.error_rates import error_note
from undertow.audit.pair import Pair, Row
from undertow.audit.stats.mcnemar import examples_for, paired_interval
from undertow.audit.stats.multiplicity import holm
from undertow.audit.stats.paired_shift import RowShift, Shift, is_binary, paired_shift, strictest
from undertow.card import Card, Measure

Floats = NDArray[np.floating[Any]]

NO_FLOOR = "no floor: one member each side; a repeat run of the reference would give one"


def rate_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Each per-member measure by slice: every run of the reference against the first variant member.

    With repeat runs of the reference, a verdict takes all of them: the largest p and the widest limits decide. One run
    may be lucky, and then any other model looks worse beside it.
    """
    for measure in measures:
        runs_RN = [measure(pair.reference.take_members([r]))[0] for r in range(1 + pair.design.repeats)]
        after_N = measure(pair.variant.take_members([0]))[0]
        for family in pair.families:
            rows, membership_GN = pair.rows[family], pair.membership_GN[family]
            share = pair.settings.level / len(rows)
            shift = strictest(
                [paired_shift(membership_GN, before_N, after_N, share, pair.cluster_N) for before_N in runs_RN]
            )
            floors = _repeat_shifts(membership_GN, runs_RN[0], runs_RN[1:])
            yield from _shift_findings(pair, measure.card, rows, shift, floors)


def _shift_findings(pair: Pair, card: Card, rows: tuple[Row, ...], shift: Shift, floors: _Floors) -> Iterator[Finding]:
    for g, row in enumerate(rows):
        one = shift.row(g)
        n = int(one.n)
        if np.isnan(one.effect):
            few = "fewer than two examples" if np.isnan(one.clusters) else "fewer than two clusters"
            note = "no example to measure on" if n == 0 else few
            yield pair.finding(card.name, card, row, verdict="undefined", note=note, n=n)
            continue
        tolerance, level = pair.tolerance(row), pair.settings.level
        verdict = shift_verdict(card, one.effect, one.low, one.high, one.adjusted, level=level, tolerance=tolerance)
        yield pair.finding(
            card.name,
            card,
            row,
            verdict=verdict,
            note="; ".join(_notes(pair, card, one, verdict, tolerance, level / len(rows))),
            n=n,
            reference=one.before,
            changed=one.after,
            effect=one.effect,
            low=one.low,
            high=one.high,
            p=one.p,
            p_adjusted=one.adjusted,
            **floors.row(g),
        )


def _notes(pair: Pair, card: Card, one: RowShift, verdict: str, tolerance: float, share: float) -> Iterator[str]:
    """The counts in the measure's own words, and what the verdict rests on or what would settle it."""
    if not np.isnan(one.clusters):
        yield f"{int(one.clusters):,} clusters"
    if np.isnan(one.fell):
        if not pair.design.repeats:
            yield NO_FLOOR
        return
    n, fell, rose = int(one.n), int(one.fell), int(one.rose)
    after = round(one.after * n)
    yield _counted(card, _Flips(fell, rose, after - rose + fell, after, n))
    yield from _outlook(pair, verdict, fell + rose, one, tolerance, share)


class _Floors(NamedTuple):
    """By how much the reference's repeat runs differ from its first run, per row; NaN without a repeat run."""

    mean_G: Floats
    low_G: Floats
    high_G: Floats

    def row(self, g: int) -> dict[str, float]:
        return {
            "floor": float(self.mean_G[g]),
            "floor_low": float(self.low_G[g]),
            "floor_high": float(self.high_G[g]),
        }


def _repeat_shifts(membership_GN: sp.csr_array, before_N: Floats, repeat_RN: list[Floats]) -> _Floors:
    if not repeat_RN:
        nothing_G = np.full(membership_GN.shape[0], np.nan)
        return _Floors(nothing_G, nothing_G, nothing_G)
    shift_RG = np.array([_means(membership_GN, repeat_N - before_N) for repeat_N in repeat_RN])
    return _Floors(shift_RG.mean(axis=0), shift_RG.min(axis=0), shift_RG.max(axis=0))


class _Flips(NamedTuple):
    """How many of n examples went from 1 to 0 and from 0 to 1, and how many were 1 before and after."""

    fell: int
    rose: int
    before: int
    after: int
    n: int


def _counted(card: Card, flips: _Flips) -> str:
    """The counts in the measure's own words."""
    if card.name == "accuracy":
        return f"{flips.fell:,} newly wrong, {flips.rose:,} newly right"
    said = error_note(card.name, flips.before, flips.after, flips.n, flips.n)
    return said or f"{flips.fell:,} went from 1 to 0, {flips.rose:,} from 0 to 1"


def _outlook(pair: Pair, verdict: str, changed: int, one: RowShift, tolerance: float, share: float) -> Iterator[str]:
    """What the verdict rests on, or what would settle it: never fewer examples than there are."""
    if verdict == "within floor":
        yield f"within the tolerance of {points(tolerance)}"
        if not pair.design.repeats:
            yield NO_FLOOR.split(";")[0]
    if verdict == "too small to tell":
        n, effect = one.n, one.effect
        half = max(effect - one.low, one.high - effect)
        more = size_for(n, half, max(abs(effect), tolerance - abs(effect)))
        needed = max(examples_for(max(changed, 1) / n, tolerance, level=share), more)
        yield f"about {needed:,} examples in this slice would decide {points(tolerance)}"


def pair_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Disagreement of the two models, against the reference's own repeat runs where there are any."""
    first_N, changed_N, label_N = pair.reference.pred_MN[0], pair.variant.pred_MN[0], pair.reference.label_N
    for m in measures:
        value_N = m(first_N, changed_N, label_N)
        repeat_RN = [m(first_N, repeat_N, label_N) for repeat_N in pair.reference.pred_MN[1:]]
        yield from _disagreement(pair, m.card, value_N, repeat_RN)


def mixture_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Distance of the two models' probabilities, against the reference's own repeat runs where there are any."""
    before_MNC, after_MNC, label_N = pair.reference.proba_MNC, pair.variant.proba_MNC, pair.reference.label_N
    if before_MNC is None or after_MNC is None:
        return
    for m in measures:
        value_N = m(before_MNC[0], after_MNC[0], label_N)
        repeat_RN = [m(before_MNC[0], repeat_NC, label_N) for repeat_NC in before_MNC[1:]]
        yield from _disagreement(pair, m.card, value_N, repeat_RN)


def _disagreement(pair: Pair, card: Card, value_N: Floats, repeat_RN: list[Floats]) -> Iterator[Finding]:
    for family in pair.families:
        yield from _against_repeats(pair, card, pair.rows[family], pair.membership_GN[family], value_N, repeat_RN)


def _against_repeats(
    pair: Pair,
    card: Card,
    rows: tuple[Row, ...],
    membership_GN: sp.csr_array,
    value_N: Floats,
    repeat_RN: list[Floats],
) -> Iterator[Finding]:
    n_G = np.asarray(membership_GN @ (~np.isnan(value_N)).astype(np.float64))
    value_G = _means(membership_GN, value_N)
    floor_RG = np.array([_means(membership_GN, r) for r in repeat_RN]).reshape(len(repeat_RN), len(rows))
    share = pair.settings.level / len(rows)
    if pair.cluster_N is None and is_binary(value_N):
        excess = _more_than_repeats(membership_GN, value_N, repeat_RN, share)
    else:
        excess = _larger_than_repeats(membership_GN, value_N, repeat_RN, share, pair.cluster_N)
    adjusted_G = holm(excess.p_G)
    for g, row in enumerate(rows):
        floor = float(floor_RG[:, g].mean()) if repeat_RN else np.nan
        effect, low, high = float(value_G[g]) - floor, float(excess.low_G[g]), float(excess.high_G[g])
        tolerance = pair.tolerance(row)
        verdict = floor_verdict(
            card, float(value_G[g]), floor, high, float(adjusted_G[g]), level=pair.settings.level, tolerance=tolerance
        )
        note = NO_FLOOR if not repeat_RN else "no floor: the repeat runs have no value on these examples"
        if np.isfinite((effect, low, high)).all():
            note = excess_note(card, n_G[g], effect, low, high, tolerance)
        yield pair.finding(
            card.name,
            card,
            row,
            verdict=verdict,
            note=note if verdict == "too small to tell" else "",
            n=int(n_G[g]),
            reference=floor,
            changed=value_G[g],
            effect=effect,
            low=low,
            high=high,
            p=excess.p_G[g],
            p_adjusted=adjusted_G[g],
            floor=floor,
            floor_low=float(floor_RG[:, g].min()) if repeat_RN else np.nan,
            floor_high=float(floor_RG[:, g].max()) if repeat_RN else np.nan,
        )


def _means(membership_GN: sp.csr_array, value_N: Floats) -> Floats:
    known_N = ~np.isnan(value_N)
    return ratio(membership_GN @ np.where(known_N, value_N, 0.0), membership_GN @ known_N.astype(np.float64))


class _Excess(NamedTuple):
    """How far the variant disagrees beyond the repeat runs, per row: one-sided p and an interval of the excess."""

    p_G: Floats
    low_G: Floats
    high_G: Floats


def _more_than_repeats(membership_GN: sp.csr_array, value_N: Floats, repeat_RN: list[Floats], level: float) -> _Excess:
    """Exact one-sided sign test that the variant disagrees on more examples than a repeat run; Tango's interval.

    With several repeat runs the variant must disagree more than each of them: the largest p and the widest limits.
    NaN without a repeat run or without an example.
    """
    nothing_G = np.full(membership_GN.shape[0], np.nan)
    tests = [_Excess(nothing_G, nothing_G, nothing_G)]
    for repeat_N in repeat_RN:
        more_G, less_G, n_G = (
            np.asarray(membership_GN @ side_N.astype(np.float64)).round().astype(np.int64)
            for side_N in (
                (value_N == 1) & (repeat_N == 0),
                (value_N == 0) & (repeat_N == 1),
                ~np.isnan(value_N) & ~np.isnan(repeat_N),
            )
        )
        p_G = np.where(n_G > 0, binom.sf(more_G - 1, more_G + less_G, 0.5), np.nan)
        tests.append(_Excess(p_G, *paired_interval(less_G, more_G, n_G, level)))
    p, low, high = (np.array(side) for side in zip(*tests, strict=True))
    return _Excess(np.fmax.reduce(p), np.fmin.reduce(low), np.fmax.reduce(high))


def _larger_than_repeats(
    membership_GN: sp.csr_array,
    value_N: Floats,
    repeat_RN: list[Floats],
    level: float,
    cluster_N: NDArray[np.int64] | None,
) -> _Excess:
    """The same for distances, and for examples in clusters: the one-sided paired t."""
    nothing_G = np.full(membership_GN.shape[0], np.nan)
    tests = [_Excess(nothing_G, nothing_G, nothing_G)]
    for repeat_N in repeat_RN:
        shift = paired_shift(membership_GN, repeat_N, value_N, level, cluster_N)
        p_G = np.where(shift.effect_G > 0, shift.p_G / 2, 1 - shift.p_G / 2)
        tests.append(_Excess(p_G, shift.low_G, shift.high_G))
    p, low, high = (np.array(side) for side in zip(*tests, strict=True))
    return _Excess(np.fmax.reduce(p), np.fmin.reduce(low), np.fmax.reduce(high))
