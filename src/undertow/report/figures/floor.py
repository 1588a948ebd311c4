"""Observed numbers against what chance alone gives, one row per variant: a mark, and the floor's
band behind it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from undertow.report.effects import has_band
from undertow.report.figures.svg import (
    CLASS,
    COLOUR,
    INK,
    QUIET,
    figure,
    group,
    mark,
    nice_ticks,
    rule,
    tag,
    text,
)
from undertow.report.naming import told_apart, whole
from undertow.report.wording import number, short

WIDTH, GUTTER, RIGHT = 420.0, 138.0, 54.0
ROW, HEAD, FOOT = 38.0, 6.0, 38.0
LABEL = 20
"""Letters of a name that fit before the axis."""


@dataclass(frozen=True)
class AgainstFloor:
    """One row. ``floor_low`` and ``floor_high`` are NaN where only the floor's mean is known."""

    name: str
    fact: str
    observed: float
    floor: float
    floor_low: float
    floor_high: float
    verdict: str
    said: str


def floor_chart(rows: Sequence[AgainstFloor], key: str, title: str, unit: str) -> Markup:
    """Rows in the order given, on one axis from zero. ``unit`` names the axis."""
    values = [v for r in rows for v in (r.observed, r.floor, r.floor_high) if math.isfinite(v)]
    top = 1.06 * max(values, default=1.0) or 1.0
    bottom = HEAD + ROW * len(rows)
    parts = [*_frame(top, bottom, unit)]
    labels = told_apart((r.name for r in rows), LABEL)
    parts += [
        _row(row, labels[row.name], _Place(top), HEAD + ROW * i) for i, row in enumerate(rows)
    ]
    description = "; ".join(f"{whole(r.name)}: {r.said}" for r in rows)
    return figure(WIDTH, bottom + FOOT, key, title, description, parts)


class _Place:
    """Maps 0 … top to horizontal positions."""

    def __init__(self, top: float) -> None:
        self.top = top

    def __call__(self, value: float) -> float:
        return GUTTER + min(max(value / self.top, 0.0), 1.0) * (WIDTH - RIGHT - GUTTER)


def _row(row: AgainstFloor, label: str, place: _Place, top: float) -> Markup:
    middle = top + ROW / 2
    lift = -2.5 if row.fact else 4.3
    parts = [
        tag("title", f"{whole(row.name)}: {row.said}"),
        text(GUTTER - 12, middle + lift, label, anchor="end"),
        *_floor(row, place, top),
        *_observed(row, place, middle),
    ]
    if row.fact:
        parts.append(
            text(
                GUTTER - 12,
                middle + 11.5,
                short(row.fact, 24),
                anchor="end",
                size=11,
                class_="label tick",
                opacity=0.75,
            )
        )
    return group(parts, class_="row")


def _floor(row: AgainstFloor, place: _Place, top: float) -> Iterator[Markup]:
    if has_band(row.floor_low, row.floor_high):
        left, right = place(row.floor_low), place(row.floor_high)
        yield tag(
            "rect", x=left, y=top + 6, width=max(right - left, 1.5), height=ROW - 12, class_="band",
            fill=QUIET, fill_opacity=0.22,
        )  # fmt: skip
    if math.isfinite(row.floor):
        yield rule(
            place(row.floor), top + 6, place(row.floor), top + ROW - 6, "floor-mean", QUIET, 1.6
        )


def _observed(row: AgainstFloor, place: _Place, y: float) -> Iterator[Markup]:
    if not math.isfinite(row.observed):
        return
    if math.isfinite(row.floor):
        name = f"interval {CLASS.get(row.verdict, 'undefined')}"
        yield rule(
            place(row.floor), y, place(row.observed), y, name, COLOUR.get(row.verdict, QUIET), 1.6
        )
    yield mark(row.verdict, place(row.observed), y)
    digits = 0 if float(row.observed).is_integer() else 3
    name = f"label num {CLASS.get(row.verdict, 'undefined')}"
    yield text(WIDTH, y + 4.3, number(row.observed, digits), anchor="end", class_=name)


def _frame(top: float, bottom: float, unit: str) -> Iterator[Markup]:
    place = _Place(top)
    ticks = nice_ticks(0.0, top, 4)
    digits = 0 if all(t.is_integer() for t in ticks) else 2
    for tick in ticks:
        x, zero = place(tick), tick == 0
        yield rule(
            x,
            HEAD,
            x,
            bottom,
            "zero" if zero else "grid",
            INK if zero else QUIET,
            1 if zero else 0.4,
        )
        said = number(tick, 0 if zero else digits)
        yield text(x, bottom + 16, said, "middle", 11.5, class_="label tick", opacity=0.8)
    middle = (GUTTER + WIDTH - RIGHT) / 2
    yield text(middle, bottom + 33, unit, "middle", 11.5, class_="label tick", opacity=0.8)
