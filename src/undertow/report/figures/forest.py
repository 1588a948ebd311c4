"""Slice effects of one variant: a mark and its simultaneous interval per slice, over the band
chance alone gives."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from undertow.audit.slices.table import ALL
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
from undertow.report.naming import told_apart, whole
from undertow.report.wording import Scale, plural, short, signed

LETTER = 7.4
"""Width of a letter."""
FINEST = 6
"""Decimals of a tick."""
ROW, FOOT, HEADING = 23.0, 38.0, 24.0


@dataclass(frozen=True)
class Room:
    """Width of the picture, room on the right for numbers, letters of a label, and where the rows
    begin. With ``columns``, interval and examples have columns beside the effect, whose right ends
    these are."""

    width: float
    right: float
    label: int
    head: float
    columns: tuple[float, float, float] | None = None


NARROW = Room(420.0, 52.0, 19, 8.0)
WIDE = Room(920.0, 268.0, 44, 26.0, (722.0, 850.0, 920.0))


@dataclass(frozen=True)
class Axis:
    """Maps effects (in the measure's own scale) to horizontal positions."""

    low: float
    high: float
    left: float
    room: Room = NARROW

    @property
    def right(self) -> float:
        return self.room.width - self.room.right

    def __call__(self, value: float) -> float:
        clipped = min(max(value, self.low), self.high)
        return self.left + (clipped - self.low) / (self.high - self.low) * (self.right - self.left)


def common_axis(panels: Sequence[Panel], room: Room = NARROW) -> Axis:
    """One axis for all panels. An interval far wider than any effect is clipped rather than
    flattening the rest."""
    effects = [e for p in panels for e in p.effects]
    centres = _finite(v for e in effects for v in (e.effect, e.band_low, e.band_high))
    reach = 2.5 * max((abs(v) for v in centres), default=0.0) or 0.01
    ends = _finite(v for e in effects for v in (e.low, e.high))
    every = [0.0, *centres, *(min(max(v, -reach), reach) for v in ends)]
    low, high = min(every), max(every)
    margin = 0.05 * max(high - low, 1e-3)
    letters = max((len(label) for p in panels for label in _labels(p, room).values()), default=0)
    return Axis(low - margin, high + margin, max(LETTER * letters, 40.0) + 14, room)


def _labels(panel: Panel, room: Room) -> dict[tuple[str, str], str]:
    """What stands before each row; values of one column are told apart."""
    made: dict[tuple[str, str], str] = {}
    for column in dict.fromkeys(e.slice for e in panel.effects):
        values = [e.value for e in panel.effects if e.slice == column]
        labels = told_apart(values, room.label)
        made |= {(column, value): labels[value] for value in values}
    return made


def forest(panel: Panel, axis: Axis, scale: Scale, key: str, title: str, columns: int) -> Markup:
    """The chart of one panel; ``columns`` > 1 puts each slice column under its own heading."""
    bands: list[Markup] = []
    rows: list[Markup] = []
    head, labels = axis.room.head, _labels(panel, axis.room)
    y, column = head, None
    for effect in panel.effects:
        if columns > 1 and effect.slice != column:
            column = effect.slice
            if column != ALL:
                said = short(column, 40)
                rows.append(
                    text(0, y + 16, said, size=11.5, class_="label heading", font_weight=600)
                )
                y += HEADING
        bands += _band(effect, axis, y)
        rows.append(_row(effect, labels[effect.slice, effect.value], axis, scale, y))
        y += ROW
    parts = [
        *_grid(axis, scale, y),
        *bands,
        rule(axis(0.0), head, axis(0.0), y, "zero", INK),
        *_heads(axis.room, scale),
        *rows,
    ]
    return figure(
        axis.room.width,
        y + FOOT,
        key,
        title,
        _description(panel, scale),
        parts,
        beside=axis.room is WIDE,
    )


def _heads(room: Room, scale: Scale) -> Iterator[Markup]:
    """What the columns of numbers are, where there is more than one."""
    named = (scale.unit or "effect", "interval", "n")
    for end, said in zip(room.columns or (), named, strict=False):
        yield text(end, 14, said, "end", 11.5, class_="label tick", opacity=0.8)


def _row(effect: Effect, label: str, axis: Axis, scale: Scale, top: float) -> Markup:
    middle = top + ROW / 2
    parts = [
        tag("title", _tooltip(effect, scale)),
        text(axis.left - 10, middle + 4.3, label, anchor="end"),
        *_interval(effect, axis, middle),
        *_numbers(effect, axis.room, scale, middle + 4.3),
    ]
    return group(parts, class_="row")


def _numbers(effect: Effect, room: Room, scale: Scale, y: float) -> Iterator[Markup]:
    scale = _telling(scale, effect)
    said = scale.effect(effect.effect)
    shade = f"label num {_shade(effect)}"
    if room.columns is None:
        yield text(room.width, y, said, anchor="end", class_=shade)
        return
    number, interval, count = room.columns
    yield text(number, y, said, anchor="end", class_=shade)
    limits = scale.interval(effect.low, effect.high)
    yield text(interval, y, limits, anchor="end", class_="label num undefined")
    yield text(count, y, f"{effect.n:,}", anchor="end", class_="label num undefined")


def _band(effect: Effect, axis: Axis, top: float) -> Iterator[Markup]:
    if not effect.banded:
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
    digits = _tick_digits(ticks, 1 if scale.in_percent else 2)
    for tick in ticks:
        x = axis(tick / scale.factor)
        yield rule(x, axis.room.head, x, bottom, "grid", QUIET, 0.4)
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


def _tick_digits(ticks: Sequence[float], least: int) -> int:
    """As few decimals as write every tick truly: none, or ``least`` and more."""
    true = (
        d for d in (0, *range(least, FINEST)) if all(abs(t - round(t, d)) < 1e-9 for t in ticks)
    )
    return next(true, FINEST)


def _tooltip(effect: Effect, scale: Scale) -> str:
    band, scale = "", _telling(scale, effect)
    if not math.isnan(effect.band_low):
        band = f"; chance alone {scale.interval(effect.band_low, effect.band_high)}"
    return (
        f"{_named(effect)}: {scale.effect(effect.effect)} "
        f"{scale.unit} ({scale.interval(effect.low, effect.high)}){band}; n = {effect.n:,}; "
        f"{effect.verdict}"
    )


def _description(panel: Panel, scale: Scale) -> str:
    """What a person who cannot see the chart needs: how many, which, and by how much."""
    counted = ", ".join(f"{n} {verdict}" for verdict, n in sorted(panel.verdicts.items()))
    worst = [e for e in panel.effects if e.verdict == "worse"][:3]
    named = "; ".join(
        f"{_named(e)} {_telling(scale, e).effect(e.effect)} {scale.unit}" for e in worst
    )
    beside = any(e.slice == ALL for e in panel.effects)
    rows = f"{plural(panel.total - beside, 'slice')}{' and the whole' if beside else ''}"
    return f"{rows}: {counted}. " + (f"Most costly: {named}." if named else "")


def _telling(scale: Scale, effect: Effect) -> Scale:
    """With as many decimals as this row needs."""
    return scale.telling(effect.effect, effect.low, effect.high)


def _named(effect: Effect) -> str:
    value = whole(effect.value)
    return value if effect.slice == ALL else f"{short(effect.slice, 40)} {value}"


def _shade(effect: Effect) -> str:
    return CLASS.get(effect.verdict, "undefined")


def _finite(values: Iterable[float]) -> list[float]:
    return [v for v in values if math.isfinite(v)]
