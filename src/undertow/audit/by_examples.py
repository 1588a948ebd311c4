"""Findings with one member on a side: paired statistics over examples.

They speak about two trained models, not about the change that was made. A repeat run of the reference gives a
floor for disagreement; without one, disagreement is counted and nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

from undertow.audit.findings import Finding, floor_verdict, shift_verdict
from undertow.audit.pair import Pair, Row
from undertow.audit.stats.mcnemar import examples_for, mcnemar_exact, paired_interval
from undertow.audit.stats.multiplicity import holm
from undertow.card import Card, Measure

Floats = NDArray[np.floating[Any]]

NO_FLOOR = "no floor: one member each side; a repeat run of the reference would give one"


def rate_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Each per-member measure, first reference member against first variant member, by slice."""
    for measure in measures:
        before_N = measure(pair.reference.take_members([0]))[0]
        after_N = measure(pair.variant.take_members([0]))[0]
        binary = bool(np.isin(before_N[~np.isnan(before_N)], (0, 1)).all())
        test = _flips if binary else _paired_mean
        for family in pair.families:
            yield from test(pair, measure.card, pair.rows[family], pair.membership_GN[family], before_N, after_N)


def _flips(
    pair: Pair, card: Card, rows: tuple[Row, ...], membership_GN: sp.csr_array, before_N: Floats, after_N: Floats
) -> Iterator[Finding]:
    """0/1 outcomes: exact McNemar, Holm over the family, intervals at the level shared out over the family."""
    known_N = ~(np.isnan(before_N) | np.isnan(after_N))
    n_G, before_G, after_G, fell_G, rose_G = (
        np.asarray(membership_GN @ column_N.astype(np.float64)).round().astype(np.int64)
        for column_N in (
            known_N,
            known_N & (before_N == 1),
            known_N & (after_N == 1),
            known_N & (before_N == 1) & (after_N == 0),
            known_N & (before_N == 0) & (after_N == 1),
        )
    )
    level, share = pair.settings.level, pair.settings.level / len(rows)
    p_G = np.where(n_G > 0, mcnemar_exact(fell_G, rose_G), np.nan)
    adjusted_G = holm(p_G)
    for g, row in enumerate(rows):
        n, tolerance = int(n_G[g]), pair.tolerance(row)
        if n == 0:
            yield pair.finding(card.name, card, row, verdict="undefined", note="no example to measure on", n=0)
            continue
        effect = (int(rose_G[g]) - int(fell_G[g])) / n
        low, high = paired_interval(int(fell_G[g]), int(rose_G[g]), n, level=share)
        verdict = shift_verdict(card, effect, low, high, float(adjusted_G[g]), level=level, tolerance=tolerance)
        discordance = max(int(fell_G[g]) + int(rose_G[g]), 1) / n
        yield pair.finding(
            card.name,
            card,
            row,
            verdict=verdict,
            note=_flip_note(verdict, int(fell_G[g]), int(rose_G[g]), discordance, tolerance, share),
            n=n,
            reference=before_G[g] / n,
            changed=after_G[g] / n,
            effect=effect,
            low=low,
            high=high,
            p=p_G[g],
            p_adjusted=adjusted_G[g],
        )


def _flip_note(verdict: str, fell: int, rose: int, discordance: float, tolerance: float, level: float) -> str:
    counted = f"{fell} went from 1 to 0, {rose} from 0 to 1"
    if verdict == "within floor":
        return f"{counted}; within the tolerance of {100 * tolerance:g} points; {NO_FLOOR.split(';')[0]}"
    if verdict == "too small to tell":
        needed = examples_for(discordance, tolerance, level=level)
        return f"{counted}; about {needed:,} examples in this slice would decide {100 * tolerance:g} points"
    return counted


def _paired_mean(
    pair: Pair, card: Card, rows: tuple[Row, ...], membership_GN: sp.csr_array, before_N: Floats, after_N: Floats
) -> Iterator[Finding]:
    """Real-valued outcomes: normal interval on the mean paired difference, Holm over the family."""
    known_N = ~(np.isnan(before_N) | np.isnan(after_N))
    change_N = np.where(known_N, after_N - before_N, 0.0)
    n_G, sum_G, square_G, before_G = (
        np.asarray(membership_GN @ column_N.astype(np.float64))
        for column_N in (known_N, change_N, change_N**2, np.where(known_N, before_N, 0.0))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        effect_G = sum_G / n_G
        se_G = np.sqrt(np.maximum(square_G / n_G - effect_G**2, 0) / (n_G - 1))
        p_G = 2 * norm.sf(np.abs(effect_G) / se_G)
    adjusted_G = holm(p_G)
    critical = float(norm.isf(pair.settings.level / len(rows) / 2))
    for g, row in enumerate(rows):
        if n_G[g] < 2:
            yield pair.finding(card.name, card, row, verdict="undefined", note="fewer than two examples", n=int(n_G[g]))
            continue
        low, high = (float(effect_G[g] + side * critical * se_G[g]) for side in (-1, 1))
        verdict = shift_verdict(
            card,
            float(effect_G[g]),
            low,
            high,
            float(adjusted_G[g]),
            level=pair.settings.level,
            tolerance=pair.tolerance(row),
        )
        yield pair.finding(
            card.name,
            card,
            row,
            verdict=verdict,
            note=NO_FLOOR if verdict != "undefined" else "",
            n=int(n_G[g]),
            reference=before_G[g] / n_G[g],
            changed=before_G[g] / n_G[g] + effect_G[g],
            effect=effect_G[g],
            low=low,
            high=high,
            p=p_G[g],
            p_adjusted=adjusted_G[g],
        )


def pair_findings(pair: Pair, measures: Sequence[Measure]) -> Iterator[Finding]:
    """Disagreement of the two models, against the reference's own repeat runs where there are any."""
    first_N, changed_N, label_N = pair.reference.pred_MN[0], pair.variant.pred_MN[0], pair.reference.label_N
    for m in measures:
        value_N = m(first_N, changed_N, label_N)
        repeat_RN = [m(first_N, repeat_N, label_N) for repeat_N in pair.reference.pred_MN[1:]]
        for family in pair.families:
            yield from _against_repeats(pair, m.card, pair.rows[family], pair.membership_GN[family], value_N, repeat_RN)


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
    p_G = _more_than_repeat(membership_GN, value_N, repeat_RN) if repeat_RN else np.full(len(rows), np.nan)
    adjusted_G = holm(p_G)
    for g, row in enumerate(rows):
        floor = float(floor_RG[:, g].mean()) if repeat_RN else np.nan
        high = float(floor_RG[:, g].max()) if repeat_RN else np.nan
        verdict = floor_verdict(
            card,
            float(value_G[g]),
            floor,
            high,
            float(adjusted_G[g]),
            level=pair.settings.level,
            tolerance=pair.tolerance(row),
        )
        yield pair.finding(
            card.name,
            card,
            row,
            verdict=verdict,
            note="" if repeat_RN else NO_FLOOR,
            n=int(n_G[g]),
            reference=floor,
            changed=value_G[g],
            effect=value_G[g] - floor,
            p=p_G[g],
            p_adjusted=adjusted_G[g],
            floor=floor,
            floor_low=float(floor_RG[:, g].min()) if repeat_RN else np.nan,
            floor_high=high,
        )


def _means(membership_GN: sp.csr_array, value_N: Floats) -> Floats:
    known_N = ~np.isnan(value_N)
    with np.errstate(divide="ignore", invalid="ignore"):
        total_G = np.asarray(membership_GN @ np.where(known_N, value_N, 0.0))
        mean_G: Floats = total_G / np.asarray(membership_GN @ known_N.astype(np.float64))
    return mean_G


def _more_than_repeat(membership_GN: sp.csr_array, value_N: Floats, repeat_RN: list[Floats]) -> Floats:
    """One-sided exact test that the variant disagrees on more examples than the first repeat run does."""
    more_N = (value_N == 1) & (repeat_RN[0] == 0)
    less_N = (value_N == 0) & (repeat_RN[0] == 1)
    more_G, less_G = (np.asarray(membership_GN @ side_N.astype(np.float64)).astype(int) for side_N in (more_N, less_N))
    return np.array(
        [
            binomtest(int(more), int(more + less), alternative="greater").pvalue if more + less else 1.0
            for more, less in zip(more_G, less_G, strict=True)
        ]
    )
