"""What becomes of claims about speed: whether ratios of seconds are above, below or about 1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from undertow.lab.measurements.speedups import SpeedUp
from undertow.study.claims import TOO_SMALL, Outcome, decided, effect_text


def above(found: Mapping[str, SpeedUp]) -> Outcome:
    """Whether each ratio is above 1."""
    return decided([(math.log(r.low), math.log(r.high)) for r in found.values()], said(found))


def below(found: Mapping[str, SpeedUp]) -> Outcome:
    """Whether each ratio is below 1."""
    return decided([(-math.log(r.high), -math.log(r.low)) for r in found.values()], said(found))


def as_fast(found: Mapping[str, SpeedUp], within: float) -> Outcome:
    """Whether each is 1, give or take ``within``: held where all limits lie inside, not held where
    those of one lie outside. Else too small to tell."""
    limits = [(r.low - (1 - within), r.high - (1 - within)) for r in found.values()]
    limits += [(1 + within - r.high, 1 + within - r.low) for r in found.values()]
    return decided(limits, said(found))


def changes_sides(found: Mapping[str, SpeedUp]) -> Outcome:
    """Whether one is above 1 and another below: held where both are shown, not held where all are
    shown to be on one side."""
    above = [name for name, ratio in found.items() if ratio.low > 1]
    below = [name for name, ratio in found.items() if ratio.high < 1]
    if above and below:
        return Outcome("held", said(found))
    if len(above) == len(found) or len(below) == len(found):
        return Outcome("not held", said(found))
    return Outcome("not testable", f"{said(found)}; {TOO_SMALL}")


def spared(lowest: Mapping[str, Mapping[str, Any]], points: float) -> Outcome:
    """Whether nobody loses ``points``, by the finding about the slice that loses most of each: held
    where limits of all rule it out, not held where those of one show it. Else too small to tell.
    A smaller loss that is shown is no such loss, whatever its verdict."""
    said = "; ".join(f"{n}: {row['value']} {effect_text(row)}" for n, row in lowest.items())
    if any(row["high"] <= -points / 100 for row in lowest.values()):
        return Outcome("not held", said)
    if all(row["low"] > -points / 100 for row in lowest.values()):
        return Outcome("held", said)
    return Outcome("not testable", f"{said}; {TOO_SMALL}")


def said(found: Mapping[str, SpeedUp]) -> str:
    """Each ratio with its limits."""
    return "; ".join(f"{name} {times(ratio)}" for name, ratio in found.items())


def times(found: SpeedUp) -> str:
    """1.24 × [1.20, 1.28], with more digits where it is small."""
    form = ".2f" if found.ratio >= 0.1 else ".3f"
    limits = "" if math.isnan(found.low) else f" [{found.low:{form}}, {found.high:{form}}]"
    return f"{found.ratio:{form}} ×{limits}"
