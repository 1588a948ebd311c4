"""Findings where both populations have several members: members are exchanged, or swapped within
pairs.

Per-member values of a slice are tested by a studentised max-T over these rearrangements, or, where
examples are random too, by limits that add what members and what examples vary by. Disagreements of
two populations are set against what exchanged members give.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.audit.by_examples import answers_over_examples
from undertow.audit.contrast import beyond_overall
from undertow.audit.findings import Finding
from undertow.audit.measures import accuracy, modal_disagreement
from undertow.audit.measures.answers import answers_note
from undertow.audit.measures.error_rates import error_note
from undertow.audit.pair import Pair, Row
from undertow.audit.slices.table import CLASS
from undertow.audit.stats.above_floor import above_floor
from undertow.audit.stats.answer_shift import with_members
from undertow.audit.stats.max_t import max_t
from undertow.audit.stats.mixture_exchange import mixture_exchange
from undertow.audit.stats.noisier import CLOSE
from undertow.audit.stats.outlook import members_until, size_for
from undertow.audit.stats.pair_exchange import pair_exchange
from undertow.audit.stats.resolution import step_of
from undertow.audit.stats.slice_means import ratio, summed
from undertow.audit.stats.two_way import two_way
from undertow.audit.stats.vote_exchange import vote_exchange
from undertow.audit.stats.welch import welch
from undertow.audit.verdicts import floor_verdict, shift_verdict
from undertow.audit.wording import Excess, about, excess_note, points, unseen_note
from undertow.card import Card, Measure

Floats = NDArray[np.floating[Any]]

CHANGED = "changed, ties counted as unchanged"
"""Draws whose mean times N is a count of exemplars; ``modal_disagreement`` itself leaves ties out
of its mean."""


class _Shifts(NamedTuple):
    """Values of one measure for some rows of the pair and every member, reference members first."""

    name: str
    card: Card
    rows: tuple[Row, ...]
    pooled_GM: Floats
    note_G: tuple[str, ...]
    """What is said of each row whatever the verdict."""

    def of(self, family: slice) -> _Shifts:
        return self._replace(
            rows=self.rows[family], pooled_GM=self.pooled_GM[family], note_G=self.note_G[family]
        )


class _Tested(NamedTuple):
    """A family of shifts with simultaneous limits, those that allow for clusters unlike any seen, p
    plain and adjusted, and the floor's mean and limits."""

    effect_G: Floats
    low_G: Floats
    high_G: Floats
    unseen_low_G: Floats
    unseen_high_G: Floats
    p_G: Floats
    p_adjusted_G: Floats
    floor_G: Floats
    floor_low_G: Floats
    floor_high_G: Floats


def rate_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Every per-member measure on the whole and on every slice, plain and (for accuracy) beyond the
    overall shift."""
    for measure in measures:
        shifts = _shifts(pair, measure)
        values = measure(pair.reference), measure(pair.variant)
        for family in pair.families:
            yield from _one_family(
                pair, shifts.of(family), _tested(pair, shifts.of(family), family, *values)
            )
        if measure is accuracy and len(pair.rows) > 2:
            beyond = _beyond(pair, shifts)
            slices = slice(1, len(pair.rows))
            yield from _one_family(
                pair, beyond, _tested(pair, beyond, slices, *values, beyond=True)
            )


def _tested(
    pair: Pair,
    shifts: _Shifts,
    family: slice,
    before_MN: Floats,
    after_MN: Floats,
    *,
    beyond: bool = False,
) -> _Tested:
    """The test that the scope asks for; nothing but the effect where members do not tell how they
    vary."""
    exchanged = _exchanged(pair, shifts, step_of(before_MN, after_MN))
    if pair.design.scope != "both":
        return exchanged
    rows, level = len(shifts.rows), pair.settings.level / len(shifts.rows)
    both = two_way(
        before_MN,
        after_MN,
        pair.membership_GN[family],
        level,
        paired=pair.paired,
        cluster_N=pair.cluster_N,
        beyond=beyond,
    )
    found = {name: end_G for name, end_G in both._asdict().items() if name in _Tested._fields}
    return exchanged._replace(**found, p_adjusted_G=np.minimum(1.0, rows * both.p_G))


def _exchanged(pair: Pair, shifts: _Shifts, step: float = 1.0) -> _Tested:
    """``step``: what one example at least adds to the sum, if it changes at all."""
    resolution_G = np.array([step / max(row.count, 1) for row in shifts.rows])
    found = max_t(
        shifts.pooled_GM,
        pair.reference.M,
        pair.arrangements,
        level=pair.settings.level,
        resolution_G=resolution_G,
    )
    # On these examples nothing is unseen.
    tested = _Tested(*(getattr(found, name.removeprefix("unseen_")) for name in _Tested._fields))
    if pair.design.tells:
        return tested
    unknown_G = np.full(len(shifts.rows), np.nan)
    return _Tested(tested.effect_G, *([unknown_G] * (len(_Tested._fields) - 1)))


def answer_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Every measure of answers, class by class."""
    for measure in measures:
        shifts = _answer_shifts(pair, measure)
        tested, m_ref = _exchanged(pair, shifts), pair.reference.M
        if pair.design.scope == "both" and pair.design.tells:
            sides_CM = shifts.pooled_GM[:, :m_ref], shifts.pooled_GM[:, m_ref:]
            level, examples = (
                pair.settings.level / len(shifts.rows),
                answers_over_examples(pair, measure),
            )
            both = with_members(examples, *sides_CM, level=level, paired=pair.paired)
            tested = tested._replace(
                low_G=both.low_C,
                high_G=both.high_C,
                unseen_low_G=both.low_C - both.unseen_C,
                unseen_high_G=both.high_C + both.unseen_C,
                p_G=both.p_C,
                p_adjusted_G=both.adjusted_C,
            )
        yield from _one_family(pair, shifts, tested)


def _answer_shifts(pair: Pair, measure: Measure) -> _Shifts:
    """A row's size is the most examples that a member's value rests on."""
    m_ref = pair.reference.M
    total_CM, count_CM = np.concatenate([measure(pair.reference), measure(pair.variant)], axis=2)
    names = pair.reference.classes
    rows = tuple(
        Row(CLASS, name, int(n)) for name, n in zip(names, count_CM.max(axis=1), strict=True)
    )
    means = [
        side.mean(axis=1)
        for both in (total_CM, count_CM)
        for side in (both[:, :m_ref], both[:, m_ref:])
    ]
    notes = tuple(answers_note(measure.card.name, *numbers) for numbers in zip(*means, strict=True))
    return _Shifts(measure.card.name, measure.card, rows, ratio(total_CM, count_CM), notes)


def _shifts(pair: Pair, measure: Measure) -> _Shifts:
    """A row's size is the number of examples on which the measure is defined: a false positive rate
    has negatives."""
    sums = [
        summed(pair.membership_GN, measure(records)) for records in (pair.reference, pair.variant)
    ]
    size_G = np.hstack([known_GM for _, known_GM in sums]).max(axis=1).astype(int)
    rows = tuple(replace(row, count=int(n)) for row, n in zip(pair.rows, size_G, strict=True))
    means = [mean_GM.mean(axis=1) for pair_of in zip(*sums, strict=True) for mean_GM in pair_of]
    notes = tuple(error_note(measure.card.name, *numbers) for numbers in zip(*means, strict=True))
    pooled_GM = np.hstack([ratio(total_GM, known_GM) for total_GM, known_GM in sums])
    return _Shifts(measure.card.name, measure.card, rows, pooled_GM, notes)


def _beyond(pair: Pair, shifts: _Shifts) -> _Shifts:
    """The slices' accuracy, each member's own accuracy over all examples subtracted."""
    value_GM = beyond_overall(shifts.pooled_GM[1:], shifts.pooled_GM[0])
    card = replace(shifts.card, range=(-1.0, 1.0))
    notes = class_test_notes(shifts.pooled_GM[1:], shifts.pooled_GM[0], pair.reference.M)
    return _Shifts(
        "accuracy_beyond_overall",
        card,
        shifts.rows[1:],
        value_GM,
        ("",) * len(notes) if pair.paired else notes,
    )


def class_test_notes(recall_GM: Floats, accuracy_M: Floats, m_ref: int) -> tuple[str, ...]:
    """p of the PIE paper's class test (1911.05248: Welch, uncorrected), for independent
    populations: with the population's accuracy subtracted, as its code has it, and with each
    member's own. Empty where undefined."""
    p_G = []
    for normalise in ("constant", "member"):
        sides = [
            beyond_overall(recall_GM[:, members], accuracy_M[members], normalise=normalise)
            for members in (slice(None, m_ref), slice(m_ref, None))
        ]
        p_G.append(welch(*sides).p_G)
    return tuple(
        ""
        if np.isnan(constant + own)
        else f"class test of 1911.05248, uncorrected: p = {constant:.2g}, with each member's own "
        f"accuracy {own:.2g}"
        for constant, own in zip(*p_G, strict=True)
    )


def _one_family(pair: Pair, shifts: _Shifts, test: _Tested) -> Iterator[Finding]:
    settings, m_ref, card = pair.settings, pair.reference.M, shifts.card
    # An interval from a few members may reach beyond any shift that is possible; what is impossible
    # is cut off.
    span = card.range[1] - card.range[0]
    low_G, high_G = np.clip(test.low_G, -span, span), np.clip(test.high_G, -span, span)
    for g, row in enumerate(shifts.rows):
        reference_M, variant_M = shifts.pooled_GM[g, :m_ref], shifts.pooled_GM[g, m_ref:]
        effect, p_adjusted = float(test.effect_G[g]), float(test.p_adjusted_G[g])
        verdict = shift_verdict(
            card,
            effect,
            float(low_G[g]),
            float(high_G[g]),
            p_adjusted,
            level=settings.level,
            tolerance=pair.tolerance(row),
            unseen=(float(test.unseen_low_G[g]), float(test.unseen_high_G[g])),
        )
        notes = [shifts.note_G[g]]
        silent = int(np.isnan(shifts.pooled_GM[g]).sum())
        if 0 < silent < shifts.pooled_GM.shape[1]:
            notes.append(f"{silent} of {shifts.pooled_GM.shape[1]} members have no value here")
        if verdict == "too small to tell":
            low, high, least, most = (
                float(end_G[g])
                for end_G in (test.low_G, test.high_G, test.unseen_low_G, test.unseen_high_G)
            )
            by_clusters = unseen_note(low, high, least, most, pair.tolerance(row))
            half = max(effect - low, high - effect)
            notes.append(
                f"{by_clusters}; more clusters would tell"
                if by_clusters
                else _members_note(
                    pair, row, reference_M, variant_M, len(shifts.rows), effect, half
                )
            )
        yield pair.finding(
            shifts.name,
            card,
            row,
            verdict=verdict,
            note="; ".join(note for note in notes if note),
            reference=reference_M.mean(),
            changed=variant_M.mean(),
            effect=effect,
            low=low_G[g],
            high=high_G[g],
            p=test.p_G[g],
            p_adjusted=p_adjusted,
            floor=test.floor_G[g],
            floor_low=test.floor_low_G[g],
            floor_high=test.floor_high_G[g],
        )


def _members_note(
    pair: Pair,
    row: Row,
    reference_M: Floats,
    variant_M: Floats,
    family: int,
    effect: float,
    half: float,
) -> str:
    """What would settle an open shift: members that show it or bring it within the tolerance, and
    more than there are now."""
    if not pair.design.tells or not np.isfinite(half):
        return pair.design.sentences()[1]
    tolerance, m_ref, m_var = pair.tolerance(row), pair.reference.M, pair.variant.M
    sd_ref = float((variant_M - reference_M if pair.paired else reference_M).std(ddof=1))
    sd_var = 0.0 if pair.paired else float(variant_M.std(ddof=1)) if m_var > 1 else sd_ref
    sides, target = (m_ref, m_var), max(abs(effect), tolerance - abs(effect))
    share = pair.settings.level / family / 2
    # A limit over examples too says nothing of how unlike the sides' members spread.
    alone = pair.design.scope != "both"
    error = float(np.hypot(sd_ref / np.sqrt(m_ref), sd_var / np.sqrt(m_var))) if alone else 0.0
    needed = members_until(half, target, sides, share, paired=pair.paired, error=error)
    more = "members a side"
    if pair.design.scope == "both":
        more += " and more examples" if pair.cluster_N is None else " and more clusters"
    return f"{about(needed, min(sides))} {more} would decide {points(tolerance)}"


def vote_findings(
    pair: Pair, measures: Sequence[Measure]
) -> tuple[list[Finding], dict[str, Floats]]:
    """Every vote measure on the whole and on every slice; also the draws themselves, (D, G) by
    measure."""
    functions = {m.card.name: m.function for m in measures}
    draws = vote_exchange(
        pair.pred_MN,
        pair.reference.label_N,
        pair.membership_GN,
        pair.arrangements,
        {**functions, CHANGED: _changed},
        {m.card.name for m in measures if "label" in m.card.needs},
    )
    return [f for m in measures for f in _floor_findings(pair, m.card, draws[m.card.name])], draws


def _changed(ref_XK: Floats, var_XK: Floats, truth_XK: NDArray[np.bool_]) -> Floats:
    return np.asarray(np.nan_to_num(modal_disagreement(ref_XK, var_XK, truth_XK), nan=0.0))


def pair_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Measures of one member against another, averaged over pairs of members."""
    for m in measures:
        value_DG = pair_exchange(
            pair.pred_MN,
            pair.reference.label_N,
            pair.membership_GN,
            pair.arrangements,
            m.function,
            pair.reference.M,
        )
        yield from _floor_findings(
            pair, m.card, value_DG, _between_pairs(pair, m) if pair.paired else ""
        )


def _between_pairs(pair: Pair, measure: Measure) -> str:
    """Why a paired comparison has no floor for a symmetric measure, and what unpaired members give
    instead."""
    pred_MN, label_N = pair.reference.pred_MN, pair.reference.label_N
    between = [
        measure(a_N, b_N, label_N)
        for a_N, b_N in zip(pred_MN, np.roll(pred_MN, 1, axis=0), strict=True)
    ]
    return (
        "no floor: swapping the members of a pair does not change this measure; two members of "
        f"the reference differ on {100 * float(np.nanmean(between)):.1f} % of all examples"
    )


def mixture_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Measures of the populations' mean probabilities."""
    if pair.reference.proba_MNC is None or pair.variant.proba_MNC is None:
        return
    proba_MNC = np.concatenate([pair.reference.proba_MNC, pair.variant.proba_MNC])
    for m in measures:
        value_DG = mixture_exchange(
            proba_MNC, pair.reference.label_N, pair.membership_GN, pair.arrangements, m.function
        )
        yield from _floor_findings(pair, m.card, value_DG)


def _floor_findings(pair: Pair, card: Card, value_DG: Floats, blind: str = "") -> Iterator[Finding]:
    """``blind`` says why a value that no rearrangement moves has no floor; empty where it then is
    its own floor."""
    observed_G = value_DG[0].copy()
    if blind:
        value_DG = np.where(_spread(value_DG) > CLOSE * np.abs(observed_G), value_DG, np.nan)
        value_DG[:, observed_G == 0] = 0.0
    rows = pair.labelled_rows if "label" in card.needs else pair.rows
    for family in pair.families:
        test = above_floor(value_DG[:, family], level=pair.settings.level)
        for g, row in enumerate(rows[family]):
            value = float(observed_G[family][g])
            floor, effect, low, high = (
                float(a[g]) for a in (test.floor_G, test.effect_G, test.low_G, test.high_G)
            )
            tolerance = pair.tolerance(row) * (card.range[1] - card.range[0])
            limit = high if pair.design.resolves else np.nan
            p_adjusted = float(test.p_adjusted_G[g]) if pair.design.tells else np.nan
            verdict = floor_verdict(
                card,
                value,
                floor,
                limit,
                p_adjusted,
                level=pair.settings.level,
                tolerance=tolerance,
            )
            note = (
                _examples_note(pair, card, row, effect, low, high, tolerance)
                if np.isfinite(floor)
                else blind
            )
            yield pair.finding(
                card.name,
                card,
                row,
                verdict=verdict,
                note=note if verdict == "too small to tell" else "",
                reference=floor,
                changed=value,
                effect=effect,
                low=low,
                high=high,
                p=test.p_G[g] if pair.design.tells else np.nan,
                p_adjusted=p_adjusted,
                floor=floor,
                floor_low=test.floor_low_G[g],
                floor_high=test.floor_high_G[g],
            )


def _spread(value_DG: Floats) -> Floats:
    spread_G: Floats = np.fmax.reduce(value_DG, axis=0) - np.fmin.reduce(value_DG, axis=0)
    return spread_G


def _examples_note(
    pair: Pair, card: Card, row: Row, effect: float, low: float, high: float, tolerance: float
) -> str:
    """What would settle an open disagreement: other members, or more examples."""
    if not pair.design.resolves:
        return pair.design.sentences()[1]
    return excess_note(
        card,
        Excess(effect, low, high, low),
        tolerance,
        lambda seen, target, wide: size_for(row.count, seen, target),
        row.count,
        "examples",
    )
