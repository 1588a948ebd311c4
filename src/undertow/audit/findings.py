"""Findings: one row says what one measure did on one slice, and what may be concluded from it.

The verdict rules stand here and nowhere else, so that the report, the summary and the gate cannot disagree.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import polars as pl

from undertow.audit.result import FINDING_COLUMNS, Verdict
from undertow.card import Card

ALL = "all"
"""The ``slice`` of a finding about every example; its ``value`` is the empty string."""


@dataclass(frozen=True)
class Finding:
    """One row of ``findings.parquet``; fields are described at ``FINDING_COLUMNS``."""

    variant: str
    measure: str
    unit: str
    slice: str
    value: str
    reference: float
    changed: float
    effect: float
    low: float
    high: float
    p: float
    p_adjusted: float
    floor: float
    floor_low: float
    floor_high: float
    n_examples: int
    members_reference: int
    members_variant: int
    verdict: Verdict
    note: str


def findings_frame(findings: list[Finding]) -> pl.DataFrame:
    """Findings as a table with the published columns; NaN stays NaN (undefined), never null."""
    return pl.DataFrame([asdict(f) for f in findings], schema=FINDING_COLUMNS)


def direction(effect: float, worse: str) -> Verdict:
    """What a change that is more than chance means, given which direction costs somebody; undefined if neither does."""
    if worse == "neither":
        return "undefined"
    return "worse" if (effect > 0) == (worse == "higher") else "better"


def shift_verdict(
    card: Card, effect: float, low: float, high: float, p_adjusted: float, *, level: float, tolerance: float
) -> Verdict:
    """Verdict on a shift of a per-member measure.

    More than chance, which p and interval must both say: worse or better. Otherwise the interval decides whether
    nothing happened (it lies within ± tolerance) or nothing can be said (it does not): "not significant" alone is never
    a verdict.
    """
    if math.isnan(effect):
        return "undefined"
    if p_adjusted <= level and (low > 0 or high < 0):
        return direction(effect, card.worse)
    if low >= -tolerance and high <= tolerance:
        return "within tolerance"
    return "too small to tell"


def floor_verdict(
    card: Card, value: float, floor: float, high: float, p_adjusted: float, *, level: float, tolerance: float
) -> Verdict:
    """Verdict on a disagreement, which is judged against its floor: what exchanged members give.

    ``high`` is the upper limit of the excess over the floor. As for a shift, "not significant" alone is no verdict:
    the excess must be shown to stay within the tolerance. NaN where nothing limits it.
    """
    if math.isnan(value) or math.isnan(floor):
        return "undefined" if math.isnan(value) else "too small to tell"
    if p_adjusted <= level:
        return direction(value - floor, card.worse)
    return "within tolerance" if high <= tolerance else "too small to tell"


def count_verdict(p: float, found: Verdict, *, above: bool, level: float) -> Verdict:
    """Verdict on a count, or a mean over all examples, against its floor: p decides whether it is more than chance.

    Where it does not, ``found``, the verdict of the finding about the same, says whether the floor was narrow enough to
    conclude anything.
    """
    if p <= level:
        return "worse" if above else "better"
    return "too small to tell" if math.isnan(p) or found == "too small to tell" else "within tolerance"


def size_for(n: float, half: float, target: float) -> int:
    """How many members or examples an open verdict needs, where ``n`` give an interval of half width ``half``.

    Widths shrink with the root of the size. The verdict falls where the half width is down to ``target``: the interval
    then excludes 0 or lies within the tolerance, whichever comes first, if the effect stays what it is.
    """
    return max(math.floor(n) + 1, math.ceil(n * (half / target) ** 2))


def excess_note(card: Card, n: float, effect: float, low: float, high: float, tolerance: float) -> str:
    """What would settle an open disagreement of ``n`` examples: its width shrinks with the root of the examples."""
    needed = size_for(n, max(effect - low, high - effect), max(effect, tolerance - effect))
    much = points(tolerance) if card.percent else f"{tolerance:g}"
    return f"about {needed:,} examples in this slice would decide {much} above the floor"


def points(share: float) -> str:
    """0.05 as ``5 points``."""
    return f"{100 * share:g} point" + ("" if share == 0.01 else "s")


def signed(effect: float) -> str:
    """−0.013 as ``−1.3``: points with their direction and a true minus sign."""
    return f"{100 * effect:+.1f}".replace("-", "−")
