"""Ratios of seconds and their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from undertow.lab.measurements.speedups import speed_up


def test_one_process_gives_a_ratio_and_no_limits():
    found = speed_up([3.0], [2.0], 0.05)
    assert found.ratio == pytest.approx(1.5)
    assert all(map(math.isnan, (found.low, found.high, found.again_low, found.again_high)))


def test_limits_by_hand():
    # Logarithms of ratios 0, ln 4: mean ln 2, sd ln 4 / sqrt 2; t of one degree at .975 is 12.706.
    found = speed_up([1.0, 4.0], [1.0, 1.0], 0.05)
    assert found.ratio == pytest.approx(2)
    assert math.log(found.high) - math.log(2) == pytest.approx(12.7062 * math.log(4) / 2, rel=1e-4)
    assert found.again_high > found.high
    assert found.low == pytest.approx(4 / found.high)


def test_what_slows_a_process_as_a_whole_is_no_spread():
    found = speed_up([1.0, 2.0, 7.0], [0.5, 1.0, 3.5], 0.05)
    assert (found.low, found.high) == pytest.approx((2, 2))


@pytest.mark.heavy
@pytest.mark.parametrize("processes", [3, 5, 8])
def test_limits_hold_a_planted_ratio_in_95_of_100_worlds(processes: int):
    generator = np.random.default_rng(7)
    worlds, inside, again = 4000, 0, 0
    for _ in range(worlds):
        whole = generator.normal(0, 0.5, processes + 1)
        before = np.exp(whole + generator.normal(0, 0.05, processes + 1))
        after = np.exp(whole + generator.normal(0, 0.05, processes + 1)) / 1.7
        found = speed_up(before[:-1], after[:-1], 0.05)
        inside += found.low <= 1.7 <= found.high
        again += found.again_low <= before[-1] / after[-1] <= found.again_high
    # Four standard errors of 4,000 worlds are 0.014.
    assert inside / worlds == pytest.approx(0.95, abs=0.014)
    assert again / worlds == pytest.approx(0.95, abs=0.014)
