"""Numbers of arms as they stand in cells and in evidence."""

from __future__ import annotations

import numpy as np

from undertow.audit.stats.components import Estimate
from undertow.audit.stats.rank_limits import RankCorrelation
from undertow.study.claims import points
from undertow.study.worst.values import Value

NONE = "–"


def share(found: Value) -> str:
    """In %."""
    return f"{100 * found.mean:.1f} {limits(found.low, found.high)}".rstrip()


def limits(low: float, high: float) -> str:
    """Of a share, in %, cut at 0 and 100; empty where they are unknown."""
    if np.isnan(low) or np.isnan(high):
        return ""
    return f"[{100 * max(low, 0.0):.1f}, {100 * min(high, 1.0):.1f}]"


def gain(found: Value) -> str:
    """In points, with its sign."""
    if np.isnan(found.low):
        return points(found.mean)
    return f"{points(found.mean)} [{points(found.low)}, {points(found.high)}]"


def with_limits(found: Value | RankCorrelation | Estimate, form: str) -> str:
    """As it is, in a format; where its limits are unknown without them, where it is itself –."""
    value, low, high = (f"{each:{form}}" for each in found[:3])
    if np.isnan(found[0]):
        return NONE
    return value if np.isnan(found[1]) else f"{value} [{low}, {high}]"
