"""Slice effects of one variant: a mark and its simultaneous interval per slice, over the band
chance alone gives."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from undertow.report.effects import Effect, Panel
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
from undertow.report.wording import Scale, short, signed

WIDTH, RIGHT, LETTER, LABEL = 420.0, 52.0, 7.4, 19
"""Width of the picture, room for the number on the right, width of a letter, letters of a label."""
ROW, HEAD, FOOT, HEADING = 23.0, 8.0, 38.0, 24.0


@dataclass(frozen=True)
class Axis:
    """Maps effects (in the measure's own scale) to horizontal positions."""

    low: float
    high: float
    left: float
    right: float = WIDTH - RIGHT

    def __call__(self, value: float) -> float:
        clipped = min(max(value, self.low), self.high)
        return self.left + (clipped - self.low) / (self.high - self.low) * (self.right - self.left)


def common_axis(panels: Sequence[Panel]) -> Axis:
    """One axis for all panels. An interval far wider than any effect is clipped rather than
    flattening the rest."""
    effects = [e for p in panels for e in p.effects]
    centres = _finite(v for e in effects for v in (e.effect, e.band_low, e.band_high))
    reach = 2.5 * max((abs(v) for v in centres), default=0.0) or 0.01
    ends = _finite(v for e in effects for v in (e.low, e.high))
    every = [0.0, *centres, *(min(max(v, -reach), reach) for v in ends)]
    low, high = min(every), max(every)
    margin = 0.05 * max(high - low, 1e-3)
    letters = max((len(short(e.value, LABEL)) for e in effects), default=0)
    return Axis(low - margin, high + margin, left=max(LETTER * letters, 40.0) + 14)


def forest(panel: Panel, axis: Axis, scale: Scale, key: str, title: str, columns: int) -> Markup:
    """The chart of one panel; ``columns`` > 1 puts each slice column under its own heading."""
    bands: list[Markup] = []
    rows: list[Markup] = []
    y, column = HEAD, None
    for effect in panel.effects:
        if columns > 1 and effect.slice != column:
            column = effect.slice
            rows.append(
                text(
                    0, y + 16, short(column, 40), size=11.5, class_="label heading", font_weight=600
                )
            )
            y += HEADING
        bands += _band(effect, axis, y)
        rows.append(_row(effect, axis, scale, y))
        y += ROW
    parts = [
        *_grid(axis, scale, y),
        *bands,
        rule(axis(0.0), HEAD, axis(0.0), y, "zero", INK),
        *rows,
    ]
    return figure(WIDTH, y + FOOT, key, title, _description(panel, scale), parts)


def _row(effect: Effect, axis: Axis, scale: Scale, top: float) -> Markup:
    middle = top + ROW / 2
    parts = [
        tag("title", _tooltip(effect, scale)),
        text(axis.left - 10, middle + 4.3, short(effect.value, LABEL), anchor="end"),
        *_interval(effect, axis, middle),
        text(
            WIDTH,
            middle + 4.3,
            scale.effect(effect.effect),
            anchor="end",
            class_=f"label num {_shade(effect)}",
        ),
    ]
    return group(parts, class_="row")


def _band(effect: Effect, axis: Axis, top: float) -> Iterator[Markup]:
    if math.isnan(effect.band_low) or math.isnan(effect.band_high):
        return
    left, right = axis(effect.band_low), axis(effect.band_high)
    yield tag(
        "rect",
        x=left,
        y=top,
        width=max(right - left, 1.5),
        height=ROW,
        class_="band",
        fill=QUIET,
        fill_opacity=0.22,
    )


def _interval(effect: Effect, axis: Axis, y: float) -> Iterator[Markup]:
    if math.isnan(effect.effect):
        yield mark("undefined", axis(0.0), y)
        return
    if not math.isnan(effect.low) and not math.isnan(effect.high):
        name = f"interval {CLASS.get(effect.verdict, 'undefined')}"
        yield rule(
            axis(effect.low), y, axis(effect.high), y, name, COLOUR.get(effect.verdict, QUIET), 1.6
        )
        for end, inside in ((effect.low, axis.low), (effect.high, axis.high)):
            if abs(end) > abs(inside) and (end < 0) == (inside < 0):
                yield _arrow(axis(end), y, -1 if end < 0 else 1, name)
    yield mark(effect.verdict, axis(effect.effect), y)


def _arrow(x: float, y: float, way: int, name: str) -> Markup:
    """The interval goes on beyond the axis."""
    d = f"M{x - 4 * way:.2f} {y - 3.5:.2f}L{x:.2f} {y:.2f}L{x - 4 * way:.2f} {y + 3.5:.2f}"
    return tag("path", d=d, fill="none", stroke=QUIET, stroke_width=1.6, class_=name)


def _grid(axis: Axis, scale: Scale, bottom: float) -> Iterator[Markup]:
    """Grid lines and axis labels."""
    ticks = nice_ticks(scale.factor * axis.low, scale.factor * axis.high)
    digits = 0 if all(t.is_integer() for t in ticks) else 1 if scale.in_percent else 2
    for tick in ticks:
        x = axis(tick / scale.factor)
        yield rule(x, HEAD, x, bottom, "grid", QUIET, 0.4)
        yield text(
            x,
            bottom + 16,
            signed(tick, digits) if tick else "0",
            "middle",
            11.5,
            class_="label tick",
            opacity=0.8,
        )
    said = f"{scale.contrast}, {scale.unit}" if scale.unit else scale.contrast
    middle = (axis.left + axis.right) / 2
    yield text(middle, bottom + 33, said, "middle", 11.5, class_="label tick", opacity=0.8)


def _tooltip(effect: Effect, scale: Scale) -> str:
    band = ""
    if not math.isnan(effect.band_low):
        band = f"; chance alone {scale.interval(effect.band_low, effect.band_high)}"
    return (
        f"{short(effect.slice, 40)} {short(effect.value, 80)}: {scale.effect(effect.effect)} "
        f"{scale.unit} ({scale.interval(effect.low, effect.high)}){band}; n = {effect.n:,}; "
        f"{effect.verdict}"
    )


def _description(panel: Panel, scale: Scale) -> str:
    """What a person who cannot see the chart needs: how many, which, and by how much."""
    counted = ", ".join(f"{n} {verdict}" for verdict, n in sorted(panel.verdicts.items()))
    worst = [e for e in panel.effects if e.verdict == "worse"][:3]
    named = "; ".join(
        f"{short(e.slice)} {short(e.value, 40)} {scale.effect(e.effect)} {scale.unit}"
        for e in worst
    )
    return f"{panel.total} slices: {counted}. " + (f"Most costly: {named}." if named else "")


def _shade(effect: Effect) -> str:
    return CLASS.get(effect.verdict, "undefined")


def _finite(values: Iterable[float]) -> list[float]:
    return [v for v in values if math.isfinite(v)]
