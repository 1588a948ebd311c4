"""Exemplars against controls in columns of numbers: the rows of each variant, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from undertow.audit.crossed import digits_of, title_of
from undertow.audit.result import Audit, Crossed, CrossedColumn, RankCorrelation
from undertow.report.wording import NONE, absent, number, probability, signed

CORRELATIONS = 60
"""Rank correlations shown of each variant; ``report.json`` has all."""


@dataclass(frozen=True)
class CrossedRow:
    """One column. ``effect``, ``low`` and ``high`` are in standard deviations of a value in its
    stratum, for the chart; the cells are in the column's unit."""

    name: str
    said: str
    shown: bool
    effect: float
    low: float
    high: float
    difference: str
    interval: str
    p: str
    auroc: str
    auroc_interval: str
    counted: str
    left_out: str


@dataclass(frozen=True)
class CrossedPart:
    """All columns of one variant. ``correlations`` are first column, second, ρ, n."""

    variant: str
    controls: str
    rows: tuple[CrossedRow, ...]
    correlations: tuple[tuple[str, str, str, str], ...]
    left_out: int
    """Rank correlations that are not shown."""


def crossed_parts(audit: Audit) -> tuple[CrossedPart, ...]:
    """Of every variant; empty where no column was asked for."""
    return tuple(
        _part(v.arm.name, v.crossed, audit.settings.level) for v in audit.variants if v.crossed
    )


def _part(variant: str, found: Crossed, level: float) -> CrossedPart:
    return CrossedPart(
        variant,
        found.controls,
        tuple(_row(column, level) for column in found.columns),
        tuple(_correlation(one) for one in found.correlations[:CORRELATIONS]),
        len(found.correlations[CORRELATIONS:]),
    )


def _row(c: CrossedColumn, level: float) -> CrossedRow:
    digits = 1 if absent(c.effect) else digits_of(c.effect, c.low, c.high)
    unit = f" {c.unit}" if c.unit else ""
    spread = c.spread or math.nan
    return CrossedRow(
        name=title_of(c.column),
        said=c.said,
        shown=c.p_adjusted <= level,
        effect=c.effect / spread,
        low=c.low / spread,
        high=c.high / spread,
        difference=NONE if absent(c.effect) else f"{signed(c.effect, digits)}{unit}",
        interval=_span(signed(c.low, digits), signed(c.high, digits)),
        p=probability(c.p_adjusted),
        auroc=number(c.auroc, 2),
        auroc_interval=_span(number(c.auroc_low, 2), number(c.auroc_high, 2)),
        counted=f"{c.n_exemplars:,} and {c.n_controls:,}",
        left_out=_left_out(c),
    )


def _span(low: str, high: str) -> str:
    return NONE if NONE in (low, high) else f"{low} to {high}"


def _left_out(c: CrossedColumn) -> str:
    """Who takes no part, and why."""
    said = [f"{n:,} {why}" for n, why in ((c.unknown, "without a value"), (c.alone, "alone")) if n]
    return ", ".join(said) or "0"


def _correlation(c: RankCorrelation) -> tuple[str, str, str, str]:
    return title_of(c.first), title_of(c.second), number(c.rho, 2), f"{c.n:,}"
