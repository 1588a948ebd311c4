"""Exemplars less controls, one row per column of numbers, in standard deviations so that columns of
different units stand on one axis: a mark and its simultaneous interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from undertow.report.crossed import CrossedRow
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
from undertow.report.naming import told_apart
from undertow.report.wording import NONE, line, number, signed

WIDTH, GUTTER, RIGHT = 420.0, 150.0, 52.0
ROW, HEAD, FOOT = 26.0, 6.0, 38.0
LABEL = 19
"""Letters of a name that fit before the axis."""
SAID = 400
"""Letters of a sentence."""
FARTHEST = 3.0
"""Standard deviations that the axis has on either side at most."""
AXIS = "exemplars less controls, standard deviations"


class Place:
    """Maps differences to horizontal positions; what lies beyond the axis is drawn at its end."""

    def __init__(self, rows: Sequence[CrossedRow]) -> None:
        ends = [abs(v) for r in rows for v in (r.effect, r.low, r.high) if math.isfinite(v)]
        self.end = min(1.08 * max(ends, default=1.0), FARTHEST) or 1.0

    def __call__(self, value: float) -> float:
        clipped = min(max(value, -self.end), self.end)
        return GUTTER + (clipped + self.end) / (2 * self.end) * (WIDTH - RIGHT - GUTTER)


def contrast_chart(rows: Sequence[CrossedRow], key: str, title: str) -> Markup:
    """Rows in the order given, on one axis with 0 in its middle."""
    place, labels = Place(rows), told_apart((r.name for r in rows), LABEL)
    drawn = [_row(r, labels[r.name], place, HEAD + ROW * (i + 0.5)) for i, r in enumerate(rows)]
    bottom = HEAD + ROW * len(rows)
    described = " ".join(line(r.said, SAID) for r in rows)
    parts = [*_frame(place, bottom), *drawn]
    return figure(WIDTH, bottom + FOOT, key, title, described, parts)


def _row(row: CrossedRow, label: str, place: Place, y: float) -> Markup:
    verdict = "changed" if row.shown else "too small to tell"
    parts = [tag("title", line(row.said, SAID)), text(GUTTER - 10, y + 4.3, label, anchor="end")]
    if math.isfinite(row.effect):
        name = f"interval {CLASS[verdict]}"
        parts.append(rule(place(row.low), y, place(row.high), y, name, COLOUR[verdict], 1.6))
        parts.append(mark(verdict, place(row.effect), y))
    said = signed(row.effect, 2) if math.isfinite(row.effect) else NONE
    parts.append(text(WIDTH, y + 4.3, said, anchor="end", class_=f"label num {CLASS[verdict]}"))
    return group(parts, class_="row")


def _frame(place: Place, bottom: float) -> Iterator[Markup]:
    ticks = nice_ticks(-place.end, place.end, 4)
    digits = next(d for d in range(7) if all(abs(t - round(t, d)) < 1e-9 for t in ticks))
    for tick in ticks:
        x, zero = place(tick), tick == 0
        shade, width = (INK, 1.0) if zero else (QUIET, 0.4)
        yield rule(x, HEAD, x, bottom, "zero" if zero else "grid", shade, width)
        said = "0" if zero else number(tick, digits)
        yield text(x, bottom + 16, said, "middle", 11.5, class_="label tick", opacity=0.8)
    middle = (GUTTER + WIDTH - RIGHT) / 2
    yield text(middle, bottom + 33, AXIS, "middle", 11.5, class_="label tick", opacity=0.8)
