"""Speed won and who pays: a row for each variant that ran, the fastest first, once for wide pages
and once for narrow ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from undertow.lottery.found import Lottery, Row, known
from undertow.lottery.said import realised, slice_said, times
from undertow.report.figures.svg import INK, QUIET, WORSE, figure, group, mark, rule, tag, text

TICKS = (1.0, 0.1, 10.0, 0.5, 2.0, 5.0, 0.2, 0.05, 20.0, 0.02, 50.0)
"""Ratios that an axis names, the most telling first."""
APART = 40.0
"""Room that a tick's name needs."""
REACH = 8.0
"""How far a tick's line goes above and below a mark."""
TOP, FOOT = 26.0, 40.0


@dataclass(frozen=True)
class Frame:
    """Where things stand: speeds between two places, the end of their numbers, costs between two
    places (None: as numbers alone) and the end of theirs. A row is so high, and its mark so far
    below its name."""

    width: float
    speed: tuple[float, float]
    ratio: float
    cost: tuple[float, float] | None
    points: float
    high: float
    below: float


WIDE = Frame(770, (206, 480), 550, (590, 700), 762, 24, 0)
NARROW = Frame(340, (8, 332), 262, None, 336, 46, 18)


class Room:
    """Maps a ratio, over logarithms, and the number of a row to places in a frame."""

    def __init__(self, frame: Frame, rows: Sequence[Row]) -> None:
        speeds = [r.realised for r in rows if r.realised]
        ends = [end for s in speeds for end in (s.ratio, s.low, s.high) if known(end)]
        self.frame, self.rows = frame, len(rows)
        self.low, self.high = min([0.9, *ends]) / 1.1, max([1.1, *ends]) * 1.1
        self.foot = TOP + self.rows * frame.high
        self.height = self.foot + FOOT

    def x(self, ratio: float) -> float:
        first, last = self.frame.speed
        along = math.log(ratio / self.low) / math.log(self.high / self.low)
        return first + min(max(along, 0), 1) * (last - first)

    def y(self, number: int) -> float:
        """Of a row's name."""
        return TOP + (number + 0.5) * self.frame.high - self.frame.below / 2

    def lines(self) -> list[tuple[float, float]]:
        """Heights from and to which a tick's line goes: all through, or around each mark where
        words stand in its way."""
        if not self.frame.below:
            return [(TOP, self.foot)]
        marks = [self.y(place) + self.frame.below for place in range(self.rows)]
        return [(at - REACH, at + REACH) for at in marks]

    def ticks(self) -> list[float]:
        """As many as have room, 1 among them."""
        found: list[float] = []
        for tick in TICKS:
            inside = self.low <= tick <= self.high
            if inside and all(abs(self.x(tick) - self.x(other)) >= APART for other in found):
                found.append(tick)
        return sorted(found)


def cost_of(row: Row, labels: bool) -> float | None:
    """Points that the worst slice loses, or the share of its answers that differ; 0 where none
    does."""
    if row.paid is None:
        return None
    if row.paid.worst is None:
        return row.paid.differ / row.paid.of if not labels else 0.0
    effect = row.paid.worst.effect
    return max(0.0, -effect if labels else effect)


def in_order(lottery: Lottery) -> list[Row]:
    """Variants that ran, the fastest first."""
    ran = [(row.realised.ratio, row) for row in lottery.rows[1:] if row.realised is not None]
    return [row for _, row in sorted(ran, key=lambda each: -each[0])]


def speed_and_cost(lottery: Lottery, key: str = "lottery") -> Markup:
    """Both drawings. Right of 1 is faster; intervals are those of the speed. Each row has its
    numbers in a tooltip."""
    return Markup("").join(
        _drawn(lottery, frame, f"{key}-{name}", beside=frame is WIDE)
        for name, frame in (("narrow", NARROW), ("wide", WIDE))
    )


def _drawn(lottery: Lottery, frame: Frame, key: str, *, beside: bool) -> Markup:
    rows = in_order(lottery)
    room = Room(frame, rows)
    costs = [cost_of(row, lottery.labels) for row in rows]
    most = max([0.01, *(cost for cost in costs if cost is not None)])
    described = " ".join(f"{row.name}: {_told(lottery, row)}." for row in rows)
    marks = [
        group(_row(lottery, row, room, room.y(place), cost, most), class_="row")
        for place, (row, cost) in enumerate(zip(rows, costs, strict=True))
    ]
    title = "Speed won and what the worst slice pays"
    shown = [*_axis(room, lottery), *marks]
    return figure(frame.width, room.height, key, title, described, shown, beside=beside)


def _told(lottery: Lottery, row: Row) -> str:
    paid = row.paid
    worst = "" if paid is None else f", worst slice {slice_said(paid.worst, lottery.labels)}"
    return f"{realised(row.realised)} as fast{worst}"


def _row(
    lottery: Lottery, row: Row, room: Room, y: float, cost: float | None, most: float
) -> Iterator[Markup]:
    assert row.realised is not None
    frame, speed = room.frame, row.realised
    yield tag("title", f"{row.name}: {_told(lottery, row)}")
    yield text(0, y + 4, row.name)
    at = y + frame.below
    if known(speed.low):
        yield rule(room.x(speed.low), at, room.x(speed.high), at, "interval", QUIET, 1.6)
    shown = "better" if speed.low > 1 else "worse" if speed.high < 1 else "too small to tell"
    yield mark(shown, room.x(speed.ratio), at, 4.5)
    yield text(frame.ratio, y + 4, times(speed.ratio), "end", class_="label num")
    yield from _cost(lottery, row, frame, y, cost, most)


def _cost(
    lottery: Lottery, row: Row, frame: Frame, y: float, cost: float | None, most: float
) -> Iterator[Markup]:
    """What the worst slice pays: its number, and a bar where there is room."""
    if cost is None:
        return
    worst = row.paid.worst if row.paid else None
    worse = worst is not None and worst.verdict == "worse"
    class_ = "worse" if worse else "floor"
    if frame.cost is not None:
        first, last = frame.cost
        yield tag(
            "rect", x=first, y=y - 4, width=max(0.5, cost / most * (last - first)), height=8,
            fill=WORSE if worse else QUIET, class_=f"mark {class_}",
        )  # fmt: skip
    said = f"{100 * cost:.1f}"
    minus = "−" if lottery.labels and float(said) else ""
    yield text(frame.points, y + 4, f"{minus}{said}", "end", class_=f"label num {class_}")


def _axis(room: Room, lottery: Lottery) -> Iterator[Markup]:
    frame = room.frame
    for tick in room.ticks():
        x, one = room.x(tick), tick == 1
        shade, width = (INK, 1.0) if one else (QUIET, 0.4)
        for first, last in room.lines():
            yield rule(x, first, x, last, "zero" if one else "grid", shade, width)
        yield text(x, room.foot + 15, f"{tick:g} ×", "middle", 11, class_="label tick")
    axis = f"times as fast as {lottery.reference.name}"
    yield text(sum(frame.speed) / 2, room.foot + 33, axis, "middle", 11.5, class_="label tick")
    if any(row.paid for row in lottery.rows):
        what = "worst slice, points" if lottery.labels else "% differ, worst slice"
        yield text(frame.points, 12, what, "end", 11.5, class_="label tick")
