"""What becomes of claims about how much members differ."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

from undertow.audit.stats.components import Estimate
from undertow.audit.stats.multiplicity import holm
from undertow.study.claims import TOO_SMALL, Outcome, decided
from undertow.study.pairs import p_text
from undertow.study.tooling.shown import ratio_text
from undertow.study.tooling.sources import Row

LEVEL = 0.05


def above(found: Mapping[str, Estimate], times: float) -> Outcome:
    """Whether each ratio is above so many times."""
    limits = [(ratio.low - times, ratio.high - times) for ratio in found.values()]
    return decided(limits, _said(found))


def as_much(found: Mapping[str, Estimate], within: float) -> Outcome:
    """Whether each ratio is 1, give or take ``within``: held where all limits lie inside, not held
    where those of one lie outside."""
    limits = [(ratio.low - 1 + within, ratio.high - 1 + within) for ratio in found.values()]
    limits += [(1 + within - ratio.high, 1 + within - ratio.low) for ratio in found.values()]
    return decided(limits, _said(found))


def beyond_null(found: Mapping[str, Row]) -> Outcome:
    """Whether each largest ratio is more than its null gives, by p after Holm's correction; a ratio
    that is less is no evidence against it, so it is held or too small to tell."""
    p = dict(zip(found, holm([float(row["p"]) for row in found.values()]), strict=True))
    said = "; ".join(f"{name}: {_beside(row)}, p {p_text(p[name])}" for name, row in found.items())
    if any(isnan(value) for value in p.values()):
        return Outcome("not testable", f"{said}; undefined")
    if max(p.values()) <= LEVEL:
        return Outcome("held", said)
    return Outcome("not testable", f"{said}; {TOO_SMALL}")


def _said(found: Mapping[str, Estimate]) -> str:
    return "; ".join(f"{name}: {ratio_text(ratio)}" for name, ratio in found.items())


def _beside(row: Row) -> str:
    null = f"{row['null_low']:.1f} to {row['null_high']:.1f}"
    return f"{row['value']} {row['measured']:.1f} times, null {null}"
