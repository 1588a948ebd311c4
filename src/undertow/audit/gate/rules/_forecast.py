"""What would settle an open rule of a drop: how many examples, clusters or members."""

from __future__ import annotations

import math

from undertow.audit.gate.evidence import Evidence, Limits
from undertow.audit.gate.rules._rule import NOTHING, points
from undertow.audit.stats.mcnemar import examples_for
from undertow.audit.stats.power import fewest_units, size_for, unseen_part

AT_THE_LIMIT = 0.03
"""A gap to the limit of less than this share of the interval's half width: a thousand times as many
examples would not close it."""


def would_decide(evidence: Evidence, limits: Limits, g: int, limit: float, level: float) -> str:
    """What would settle an open rule of a drop: examples with one member a side, else members."""
    n, moved = float(limits.n_G[g]), float(limits.moved_G[g])
    if n == 0 or math.isnan(moved):
        return NOTHING
    if evidence.over_members:
        return members_would_decide(evidence, limits, g, limit)
    gap = limit + float(limits.effect_G[g])
    seen, unseen = _distances(limits, g, passing=gap > 0)
    if math.isfinite(seen) and abs(gap) < AT_THE_LIMIT * seen:
        return f"what was seen is at the limit of {points(limit)}, which more data would not settle"
    if limits.clusters_G is not None and not math.isnan(limits.clusters_G[g]):
        clusters = int(limits.clusters_G[g])
        if clusters < fewest_units(2 * level):
            needed = f"at least {fewest_units(2 * level):,} clusters are needed to tell anything"
        else:
            needed = f"about {size_for(clusters, seen, abs(gap), unseen=unseen):,} clusters would "
            needed += f"decide {points(limit)}"
        return f"{needed} (here: {clusters:,})"
    by_width = size_for(n, seen, abs(gap)) if math.isfinite(seen) else 0
    planned = examples_for(min(max(moved, 1 / n), 1.0), limit, level=level)
    needed_examples = max(planned, min(by_width, 1_000_000_000), int(n) + 1)
    return f"about {needed_examples:,} examples would decide {points(limit)}"


def _distances(limits: Limits, g: int, *, passing: bool) -> tuple[float, float]:
    """How far from the effect the limit lies that decides, by what was seen, and what clusters
    unlike those add to it in squares: the lower limit where the drop may be shown to be small
    enough, else the upper one, by which a drop is shown."""
    effect, low = float(limits.effect_G[g]), float(limits.low_G[g])
    seen_low, seen_high = limits.seen(g)
    if not passing:
        return seen_high - effect, 0.0
    return effect - seen_low, unseen_part(effect - seen_low, effect - low)


def members_would_decide(evidence: Evidence, limits: Limits, g: int, limit: float) -> str:
    half = float(limits.high_G[g] - limits.low_G[g]) / 2
    gap = abs(limit + float(limits.effect_G[g]))
    sides = evidence.pair.reference.M, evidence.pair.variant.M
    if not math.isfinite(half) or gap == 0:
        return "more members a side would be needed"
    alike = 2 / (1 / sides[0] + 1 / sides[1])  # Members a side that tell as much as these do.
    needed = max(min(sides) + 1, max(sides), math.ceil(alike * (half / gap) ** 2))
    return f"about {needed:,} members a side would decide it"
