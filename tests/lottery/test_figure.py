"""Where values appear in the chart of speed and cost."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lottery_worlds import CALIBRATION, REQUEST, lottery_of, runs
from undertow.lottery.figure import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Room, speed_and_cost
from undertow.lottery.found import Paid, Slice
from undertow.lottery.measure import rows_of


def test_speed_goes_right_by_its_logarithm_and_cost_down():
    rows = rows_of(REQUEST, runs(), CALIBRATION, "wall", 0.05)
    room = Room(rows[1:], [0.0, 0.4])
    assert room.x(room.low) == LEFT
    assert room.x(room.high) == WIDTH - RIGHT
    middle = (room.low * room.high) ** 0.5
    assert room.x(middle) == pytest.approx((LEFT + WIDTH - RIGHT) / 2)
    assert room.y(0.0) == TOP
    assert room.y(1.1 * 0.4) == pytest.approx(HEIGHT - BOTTOM)


def test_each_variant_that_ran_has_a_mark_and_a_name_below_the_one_before():
    rows = rows_of(REQUEST, runs(), CALIBRATION, "wall", 0.05)
    worst = Slice("region", "north", 100, -0.5, -0.6, -0.4, "worse")
    paid = Paid(50, 400, 50, 0, worst)
    found = lottery_of([replace(row, paid=paid) for row in rows], labels=True)
    drawn = str(speed_and_cost(found))
    assert drawn.count('class="row"') == 2
    heights = [float(y) for y in re.findall(r'<text [^>]*?y="([\d.]+)"[^>]*>(?:masked|csr)', drawn)]
    assert heights[1] - heights[0] >= 13
    assert "semi-structured" not in drawn
    assert "region north: −50.0 points" in drawn
