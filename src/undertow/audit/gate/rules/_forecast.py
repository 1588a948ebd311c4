"""What would settle an open rule of a drop: how many examples, clusters or members."""

from __future__ import annotations

import math

from undertow.audit.gate.evidence import Evidence, Limits
from undertow.audit.gate.rules._rule import NOTHING, points
from undertow.audit.stats.outlook import (
    Known,
    clusters_until,
    examples_until,
    fewest_units,
    members_until,
)
from undertow.audit.wording import about

AT_THE_LIMIT = 0.03
"""A gap to the limit of less than this share of the interval's half width: a thousand times as many
examples would not close it."""


def would_decide(
    evidence: Evidence,
    limits: Limits,
    g: int,
    limit: float,
    level: float,
    failing: float | None = None,
) -> str:
    """What would settle an open rule of a drop: examples with one member a side, else members.

    ``failing`` is the level at which a drop is shown, where that is another.
    """
    n, moved = float(limits.n_G[g]), float(limits.moved_G[g])
    if n == 0 or math.isnan(moved):
        return NOTHING
    gap = limit + float(limits.effect_G[g])
    one_sided = level if gap > 0 else failing or level
    if evidence.over_members:
        return _members_would_decide(evidence, limits, g, limit, one_sided)
    clusters = math.nan if limits.clusters_G is None else float(limits.clusters_G[g])
    error = math.nan if limits.error_G is None else float(limits.error_G[g])
    known = Known(n if math.isnan(clusters) else clusters, error, one_sided)
    if not math.isnan(clusters) and clusters < fewest_units(2 * known.level):
        fewest = fewest_units(2 * known.level)
        return f"at least {fewest:,} clusters are needed to tell anything (here: {clusters:,.0f})"
    seen, wide = _distances(limits, g, passing=gap > 0)
    if math.isnan(seen) or math.isnan(error):
        return "more examples would be needed"
    if abs(gap) <= AT_THE_LIMIT * min(seen, known.normal):
        return _at_the_limit(limit)
    if math.isnan(clusters):
        needed = examples_until(known, seen, abs(gap))
        return f"about {needed:,} examples would decide {points(limit)}"
    needed = clusters_until(known, seen, abs(gap), wide=wide)
    return f"about {needed:,} clusters would decide {points(limit)} (here: {clusters:,.0f})"


def _at_the_limit(limit: float) -> str:
    return f"the drop seen is the limit of {points(limit)}, so more data may not settle it"


def _distances(limits: Limits, g: int, *, passing: bool) -> tuple[float, float]:
    """How far from the effect the limit lies that decides, by what was seen, and how far where that
    has to hold with clusters unlike those: the lower limit where the drop may be shown to be small
    enough, else the upper one, by which a drop is shown, and 0."""
    effect, low = float(limits.effect_G[g]), float(limits.low_G[g])
    seen_low, seen_high = limits.seen(g)
    if not passing:
        return seen_high - effect, 0.0
    return effect - seen_low, effect - low


def _members_would_decide(
    evidence: Evidence, limits: Limits, g: int, limit: float, one_sided: float
) -> str:
    """Members, or examples where those at hand leave limits too far out whatever the members."""
    effect = float(limits.effect_G[g])
    gap = limit + effect
    passing = gap > 0
    half = effect - float(limits.low_G[g]) if passing else limits.seen(g)[1] - effect
    if not math.isfinite(half):
        return "more members a side would be needed"
    if abs(gap) <= AT_THE_LIMIT * half:
        return _at_the_limit(limit)
    examples = _by_examples(limits, g, effect, passing=passing)
    if examples >= abs(gap):
        return (
            "if the drop seen stays what it is, more members alone would not decide it: more "
            "examples are needed too"
        )
    sides = evidence.pair.reference.M, evidence.pair.variant.M
    needed = members_until(
        half, abs(gap), sides, one_sided, paired=evidence.pair.paired, fixed=examples
    )
    return f"{about(needed, min(sides))} members a side would decide it"


def _by_examples(limits: Limits, g: int, effect: float, *, passing: bool) -> float:
    """How far off the limit over these examples alone lies."""
    ends_G = limits.examples_low_G if passing else limits.examples_high_G
    return 0.0 if ends_G is None else abs(float(ends_G[g]) - effect)
