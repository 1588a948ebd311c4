"""Findings where both populations have several members: members are exchanged, or swapped within pairs.

Three kinds of numbers, three tests over the same rearrangements of members:
per-member values of a slice (``shift_findings``: studentised max-T), disagreements of two populations
(``floor_findings``: how far above what exchanged members give), and the worst slice (a bootstrap with the
selection inside).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.contrast import beyond_overall
from undertow.audit.evaluate import rate_by_slice, rate_overall
from undertow.audit.findings import Finding, floor_verdict, shift_verdict
from undertow.audit.measures import accuracy, modal_disagreement
from undertow.audit.pair import Pair, Row
from undertow.audit.stats.above_floor import above_floor
from undertow.audit.stats.bootstrap import worst_slice
from undertow.audit.stats.max_t import max_t
from undertow.audit.stats.mixture_exchange import mixture_exchange
from undertow.audit.stats.pair_exchange import pair_exchange
from undertow.audit.stats.power import members_for
from undertow.audit.stats.vote_exchange import vote_exchange
from undertow.card import Card, Measure
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]

CHANGED = "changed, ties counted as unchanged"
"""Draws whose mean times N is a count of exemplars; ``modal_disagreement`` itself leaves ties out of its mean."""


def rate_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Every per-member measure on the whole and on every slice, plain and (for accuracy) beyond the overall shift."""
    for measure in measures:
        reference_GM, variant_GM = (_values(measure, records, pair) for records in (pair.reference, pair.variant))
        yield from _shift_findings(pair, measure.card.name, measure.card, reference_GM, variant_GM)
        if measure is accuracy and len(pair.rows) > 2:
            beyond = [beyond_overall(value_GM[1:], value_GM[0]) for value_GM in (reference_GM, variant_GM)]
            yield from _shift_findings(
                pair, "accuracy_beyond_overall", measure.card, beyond[0], beyond[1], families=(slice(1, None),)
            )


def _values(measure: Measure, records: Records, pair: Pair) -> Floats:
    """The measure's value for each row of the pair and each member, the whole first."""
    return np.vstack([rate_overall(measure, records)[None, :], rate_by_slice(measure, records, pair.slices)])


def _shift_findings(
    pair: Pair,
    name: str,
    card: Card,
    reference_GM: Floats,
    variant_GM: Floats,
    families: tuple[slice, ...] | None = None,
) -> Iterator[Finding]:
    pooled_GM = np.hstack([reference_GM, variant_GM])
    offset = 0 if families is None else families[0].start
    for family in families or pair.families:
        rows = pair.rows[family]
        local = slice(family.start - offset, None if family.stop is None else family.stop - offset)
        yield from _one_family(pair, name, card, rows, pooled_GM[local])


def _one_family(pair: Pair, name: str, card: Card, rows: tuple[Row, ...], pooled_GM: Floats) -> Iterator[Finding]:
    settings, m_ref = pair.settings, pair.reference.M
    resolution_G = np.array([1.0 / max(row.count, 1) for row in rows])
    test = max_t(pooled_GM, m_ref, pair.arrangements, level=settings.level, resolution_G=resolution_G)
    # An interval from a few members may reach beyond any shift that is possible; what is impossible is cut off.
    span = card.range[1] - card.range[0]
    low_G, high_G = np.clip(test.low_G, -span, span), np.clip(test.high_G, -span, span)
    for g, row in enumerate(rows):
        reference_M, variant_M = pooled_GM[g, :m_ref], pooled_GM[g, m_ref:]
        verdict = shift_verdict(
            card,
            float(test.effect_G[g]),
            float(low_G[g]),
            float(high_G[g]),
            float(test.p_adjusted_G[g]),
            level=settings.level,
            tolerance=pair.tolerance(row),
        )
        note = _members_note(pair, row, reference_M, variant_M, len(rows)) if verdict == "too small to tell" else ""
        yield pair.finding(
            name,
            card,
            row,
            verdict=verdict,
            note=note,
            reference=reference_M.mean(),
            changed=variant_M.mean(),
            effect=test.effect_G[g],
            low=low_G[g],
            high=high_G[g],
            p=test.p_G[g],
            p_adjusted=test.p_adjusted_G[g],
            floor=test.floor_G[g],
            floor_low=test.floor_low_G[g],
            floor_high=test.floor_high_G[g],
        )


def _members_note(pair: Pair, row: Row, reference_M: Floats, variant_M: Floats, family: int) -> str:
    """What would settle an open shift: how many members would tell a change of the tolerance."""
    if not pair.design.resolves:
        return pair.design.sentences()[-1]
    tolerance = pair.tolerance(row)
    sd_ref, sd_var = float(reference_M.std(ddof=1)), float(variant_M.std(ddof=1))
    if pair.paired:
        sd_ref, sd_var = float((variant_M - reference_M).std(ddof=1)), 0.0
    needed = members_for(tolerance, sd_ref, sd_var, level=pair.settings.level / family)
    return f"about {needed} members a side would tell a change of {100 * tolerance:g} points"


def vote_findings(pair: Pair, measures: Sequence[Measure]) -> tuple[list[Finding], dict[str, Floats]]:
    """Every vote measure on the whole and on every slice; also the draws themselves, (D, G) by measure."""
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
            pair.pred_MN, pair.reference.label_N, pair.membership_GN, pair.arrangements, m.function, pair.reference.M
        )
        yield from _floor_findings(pair, m.card, value_DG)


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


def _floor_findings(pair: Pair, card: Card, value_DG: Floats) -> Iterator[Finding]:
    for family in pair.families:
        test = above_floor(value_DG[:, family], level=pair.settings.level)
        for g, row in enumerate(pair.rows[family]):
            value, floor, floor_high = (float(a[g]) for a in (test.value_G, test.floor_G, test.floor_high_G))
            tolerance = pair.tolerance(row)
            p_adjusted = float(test.p_adjusted_G[g])
            verdict = floor_verdict(
                card, value, floor, floor_high, p_adjusted, level=pair.settings.level, tolerance=tolerance
            )
            note = _examples_note(pair, row, floor_high - floor, tolerance) if verdict == "too small to tell" else ""
            yield pair.finding(
                card.name,
                card,
                row,
                verdict=verdict,
                note=note,
                reference=floor,
                changed=value,
                effect=test.effect_G[g],
                low=test.low_G[g],
                high=test.high_G[g],
                p=test.p_G[g],
                p_adjusted=p_adjusted,
                floor=floor,
                floor_low=test.floor_low_G[g],
                floor_high=floor_high,
            )


def _examples_note(pair: Pair, row: Row, half_width: float, tolerance: float) -> str:
    """What would settle an open disagreement: the floor's width shrinks with the square root of the examples."""
    if not pair.design.resolves:
        return pair.design.sentences()[-1]
    needed = int(np.ceil(row.count * (half_width / tolerance) ** 2))
    return f"about {needed:,} examples in this slice would tell {100 * tolerance:g} points above the floor"


def worst_slice_findings(pair: Pair) -> Iterator[Finding]:
    """The worst slice of each column: a minimum over noisy values, so its interval has the selection inside."""
    columns = np.array(pair.slices.column_G)
    for column in dict.fromkeys(pair.slices.column_G):
        index_G = np.flatnonzero(columns == column)
        if len(index_G) < 2:
            continue
        worst = worst_slice(
            pair.reference.correct_MN,
            pair.variant.correct_MN,
            pair.slices.membership_GN[index_G],
            draws=min(pair.settings.draws, 1000),
            level=pair.settings.level,
            rng=pair.rng(f"worst {column}"),
            paired=pair.paired,
        )
        row = pair.rows[1 + int(index_G[worst.index_variant])]
        before = pair.rows[1 + int(index_G[worst.index_reference])].value
        excludes_zero = worst.high < 0 or worst.low > 0
        significant = 0.0 if excludes_zero and pair.design.resolves else 1.0
        verdict = shift_verdict(
            accuracy.card,
            worst.effect,
            worst.low,
            worst.high,
            significant,
            level=pair.settings.level,
            tolerance=pair.settings.tolerance,
        )
        yield pair.finding(
            "worst_slice_accuracy",
            accuracy.card,
            Row(column, row.value, row.count),
            verdict=verdict,
            note=f"worst before: {before}; interval resamples members and examples with the selection inside",
            reference=worst.reference,
            changed=worst.changed,
            effect=worst.effect,
            low=worst.low,
            high=worst.high,
        )
