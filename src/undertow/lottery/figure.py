"""Speed won against who pays: one mark for each variant that ran."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from undertow.lottery.found import Lottery, Row, known
from undertow.lottery.said import realised, slice_said, times
from undertow.report.figures.svg import INK, QUIET, figure, group, mark, nice_ticks, rule, tag, text

WIDTH, HEIGHT = 770.0, 380.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 240.0, 16.0, 46.0
TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)


class Room:
    """Maps a ratio, over logarithms, and a cost in points to a place."""

    def __init__(self, rows: Sequence[Row], cost: Sequence[float]) -> None:
        ratios = [r.realised.ratio for r in rows if r.realised]
        self.low = min([0.9, *ratios]) / 1.1
        self.high = max([1.1, *ratios]) * 1.1
        self.most = 1.1 * max([0.01, *cost])

    def x(self, ratio: float) -> float:
        along = math.log(ratio / self.low) / math.log(self.high / self.low)
        return LEFT + min(max(along, 0), 1) * (WIDTH - RIGHT - LEFT)

    def y(self, cost: float) -> float:
        return TOP + cost / self.most * (HEIGHT - TOP - BOTTOM)


def cost_of(row: Row, labels: bool) -> float | None:
    """Points that the worst slice loses, or the share of its answers that differ; 0 where none
    does."""
    if row.paid is None:
        return None
    if row.paid.worst is None:
        return row.paid.differ / row.paid.of if not labels else 0.0
    effect = row.paid.worst.effect
    return max(0.0, -effect if labels else effect)


def speed_and_cost(lottery: Lottery, key: str = "lottery") -> Markup:
    """Right is faster, down is dearer; intervals are those of the speed. Each mark has its
    numbers in a tooltip, and names stand beside it."""
    able = [
        (row, cost)
        for row in lottery.rows[1:]
        if row.realised is not None and (cost := cost_of(row, lottery.labels)) is not None
    ]
    rows, costs = [row for row, _ in able], [cost for _, cost in able]
    room = Room(rows, costs)
    described = " ".join(f"{row.name}: {_told(lottery, row)}." for row in rows)
    labels = _places([room.y(cost) for cost in costs])
    marks = [
        _mark(lottery, row, room, cost, at) for (row, cost), at in zip(able, labels, strict=True)
    ]
    return figure(
        WIDTH, HEIGHT, key, "Speed won and what the worst slice pays", described,
        [*_frame(room, lottery), *marks],
    )  # fmt: skip


def _told(lottery: Lottery, row: Row) -> str:
    paid = row.paid
    worst = "" if paid is None else slice_said(paid.worst, lottery.labels)
    return f"{realised(row.realised)} as fast, worst slice {worst}"


def _places(y: Sequence[float]) -> list[float]:
    """Heights of labels, each at its mark or as far below as the one above needs."""
    found = [0.0] * len(y)
    last = -math.inf
    for i in sorted(range(len(y)), key=lambda i: y[i]):
        last = found[i] = max(y[i], last + 13)
    over = max(0.0, max(found, default=0.0) - (HEIGHT - BOTTOM))
    return [place - over for place in found]


def _mark(lottery: Lottery, row: Row, room: Room, cost: float, at: float) -> Markup:
    assert row.realised is not None
    ratio, y = row.realised.ratio, room.y(cost)
    x, edge = room.x(ratio), WIDTH - RIGHT + 12
    parts = [tag("title", f"{row.name}: {_told(lottery, row)}")]
    if known(row.realised.low):
        low, high = room.x(row.realised.low), room.x(row.realised.high)
        parts.append(rule(low, y, high, y, "interval", QUIET, 1.4))
    parts += [
        rule(x, y, edge - 4, at, "grid", QUIET, 0.4),
        mark("better" if row.realised.low > 1 else "worse" if row.realised.high < 1
             else "too small to tell", x, y, 4.5),
        text(edge, at + 4, f"{row.name} {times(ratio)}", size=11),
    ]  # fmt: skip
    return group(parts, class_="row")


def _frame(room: Room, lottery: Lottery) -> Iterator[Markup]:
    foot = HEIGHT - BOTTOM
    for tick in TICKS:
        if room.low <= tick <= room.high:
            x, one = room.x(tick), tick == 1
            shade, width = (INK, 1.0) if one else (QUIET, 0.4)
            yield rule(x, TOP, x, foot, "zero" if one else "grid", shade, width)
            yield text(x, foot + 16, f"{tick:g} ×", "middle", 11, class_="label tick")
    for cost in nice_ticks(0, room.most, 5):
        yield rule(LEFT, room.y(cost), WIDTH - RIGHT, room.y(cost), "grid", QUIET, 0.4)
        said = f"−{100 * cost:g}" if lottery.labels and cost else f"{100 * cost:g}"
        yield text(LEFT - 8, room.y(cost) + 4, said, "end", 11, class_="label tick")
    axis = f"times as fast as {lottery.reference.name}"
    yield text((LEFT + WIDTH - RIGHT) / 2, foot + 36, axis, "middle", 11.5, class_="label tick")
    what = "points of the worst slice" if lottery.labels else "% that differ, worst slice"
    yield text(4, HEIGHT - 10, what, size=11.5, class_="label tick")
