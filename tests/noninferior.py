"""Non-inferiority as a gate decides it on one pair of models: the one-sided limits of the loss,
beside a margin."""

from __future__ import annotations

from undertow.audit.stats.mcnemar import HALF, Interval, paired_interval


def limits(lost: int, gained: int, n: int, level: float = 0.05) -> Interval:
    """Tango's limits at the level, one-sided each, with half an example of correction."""
    return paired_interval(lost, gained, n, 2 * level, correction=HALF)


def outcome(lost: int, gained: int, n: int, margin: float) -> str:
    """``holds`` where a loss of the margin is ruled out, ``fails`` where it is shown, else
    ``open``."""
    low, high = limits(lost, gained, n)
    return "holds" if low > -margin else "fails" if high < -margin else "open"
