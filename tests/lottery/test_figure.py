"""Where values appear in the chart of speed and cost."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from lottery_worlds import CALIBRATION, REQUEST, lottery_of, runs
from undertow.lottery.figure import APART, FOOT, NARROW, TOP, WIDE, Room, in_order, speed_and_cost
from undertow.lottery.found import Lottery, Paid, Row, Slice
from undertow.lottery.measure import rows_of

WORST = Slice("region", "north", 100, -0.5, -0.6, -0.4, "worse")
LITTLE = Slice("region", "south", 100, -0.05, -0.1, 0.05, "too small to tell")


def rows() -> list[Row]:
    return rows_of(REQUEST, runs(), CALIBRATION, "wall", 0.05)


def paying() -> Lottery:
    """The faster of two variants costs much, the slower little."""
    worst = {"masked-dense": WORST, "csr": LITTLE}
    paid = {name: Paid(50, 400, 50, 0, each) for name, each in worst.items()}
    return lottery_of([replace(row, paid=paid.get(row.name)) for row in rows()], labels=True)


def drawn(found: Lottery) -> list[str]:
    """The narrow drawing and the wide one."""
    return [f"<svg{part}" for part in str(speed_and_cost(found)).split("<svg")[1:]]


@pytest.mark.parametrize("frame", [WIDE, NARROW])
def test_speed_goes_right_by_its_logarithm_and_rows_down(frame):
    room = Room(frame, rows()[1:])
    first, last = frame.speed
    assert room.x(room.low) == first
    assert room.x(room.high) == last
    assert room.x((room.low * room.high) ** 0.5) == pytest.approx((first + last) / 2)
    assert room.y(1) - room.y(0) == frame.high
    assert room.y(0) == TOP + frame.high / 2 - frame.below / 2
    assert room.height == TOP + 3 * frame.high + FOOT


def test_ticks_have_room_and_one_is_among_them():
    quick = [replace(row, realised=replace(row.realised, ratio=r, low=r, high=r))
             for row, r in zip([*rows()[1:3]] * 2, (0.03, 0.1, 3.0, 12.0), strict=True)]  # fmt: skip
    for frame in (WIDE, NARROW):
        room = Room(frame, quick)
        places = [room.x(tick) for tick in room.ticks()]
        assert 1.0 in room.ticks()
        assert min(b - a for a, b in pairwise(places)) >= APART


def test_the_fastest_comes_first_and_each_has_its_numbers_in_its_row():
    found = paying()
    assert [row.name for row in in_order(found)] == ["masked-dense", "csr"]
    for picture, frame in zip(drawn(found), (NARROW, WIDE), strict=True):
        assert picture.count('class="row"') == 2
        words = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', picture)
        room = Room(frame, in_order(found))
        for place, row in enumerate(in_order(found)):
            beside = {said: float(x) for x, y, said in words if float(y) == room.y(place) + 4}
            cost = {"masked-dense": "−50.0", "csr": "−5.0"}[row.name]
            assert beside == {
                row.name: 0, f"{row.realised.ratio:.2f} ×": frame.ratio, cost: frame.points,
            }  # fmt: skip
        assert "semi-structured" not in picture
        assert "region north: −50.0 points" in picture
        assert "worst slice, points" in picture


def test_a_bar_is_as_long_as_its_cost_and_in_colour_where_the_audit_calls_it_worse():
    _, wide = drawn(paying())
    bars = re.findall(r'<rect x="([\d.]+)"[^>]* width="([\d.]+)"[^>]*class="([^"]+)"', wide)
    first, last = WIDE.cost
    assert bars == [
        (f"{first}", f"{last - first}", "mark worse"),
        (f"{first}", f"{(last - first) / 10:g}", "mark floor"),
    ]


def test_without_answers_there_are_speeds_alone():
    for picture in drawn(lottery_of(rows())):
        assert picture.count('class="row"') == 2
        assert "worst slice," not in picture
        assert "<rect" not in picture
