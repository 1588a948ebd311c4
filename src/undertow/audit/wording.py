"""Numbers and notes as people read them."""

from __future__ import annotations

from undertow.audit.stats.outlook import (
    Known,
    clusters_until,
    fewest_units,
    size_for,
)
from undertow.card import Card

UNSEEN = "with clusters unlike those seen"


def excess_note(
    card: Card, n: float, effect: float, low: float, high: float, tolerance: float
) -> str:
    """What would settle an open disagreement of ``n`` examples: its width shrinks with the root of
    the examples."""
    needed = size_for(n, max(effect - low, high - effect), max(effect, tolerance - effect))
    much = points(tolerance) if card.percent else f"{tolerance:g}"
    return f"about {needed:,} examples in this slice would decide {much} above the floor"


def clustered_excess_note(
    card: Card, known: Known, effect: float, low: float, high: float, tolerance: float
) -> str:
    """The same over clusters: ``high`` allows for some unlike those seen, which get rarer with
    their number."""
    fewest = fewest_units(2 * known.level)
    if known.units < fewest:
        return f"at least {fewest:,} clusters in this slice are needed to tell anything"
    needed = min(
        clusters_until(known, effect - low, target, wide=wide)
        for target, wide in ((effect, 0.0), (tolerance - effect, high - effect))
        if target > 0
    )
    much = points(tolerance) if card.percent else f"{tolerance:g}"
    return f"about {needed:,} clusters in this slice would decide {much} above the floor"


def unseen_note(
    low: float, high: float, unseen_low: float, unseen_high: float, tolerance: float
) -> str:
    """What clusters unlike those seen could make of a change that the interval has as a gain or as
    small; empty where the interval itself leaves the verdict open."""
    small = low >= -tolerance and high <= tolerance
    if (low, high) == (unseen_low, unseen_high) or not (small or low > 0 or high < 0):
        return ""
    return f"{UNSEEN} it could be {signed(unseen_low)} to {signed(unseen_high)} points"


def points(share: float) -> str:
    """0.05 as ``5 points``."""
    return f"{100 * share:g} point" + ("" if share == 0.01 else "s")


def signed(effect: float) -> str:
    """−0.013 as ``−1.3``: points with their direction and a true minus sign; none where they round
    to 0."""
    said = f"{100 * effect:+.1f}".replace("-", "−")
    return "0.0" if said in ("+0.0", "−0.0") else said
