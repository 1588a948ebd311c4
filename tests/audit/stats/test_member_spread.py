"""Standard deviations over members: by hand, and how often limits hold the truth."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats.member_spread import (
    limit_factors,
    spread,
    spread_ratio,
    spread_ratio_of_any,
)

VALUES = np.array([0.91, 0.93, 0.92, 0.96])


def test_it_is_the_standard_deviation_of_a_sample_with_its_chi_square_limits():
    found = spread(VALUES)
    square = sum((x - 0.93) ** 2 for x in VALUES) / 3
    assert found.value == pytest.approx(math.sqrt(square))
    limits = [math.sqrt(3 * square / stats.chi2.ppf(q, 3)) for q in (0.975, 0.025)]
    assert found[1:] == pytest.approx(limits)


def test_ten_members_know_it_from_sixty_nine_hundredths_to_one_and_eighty_three():
    assert [round(x, 2) for x in limit_factors(10)] == [0.69, 1.83]
    assert [round(x, 2) for x in limit_factors(30)] == [0.80, 1.34]
    assert np.isnan(limit_factors(1)).all()


def test_a_ratio_has_the_limits_of_f():
    over_M, base_M = VALUES, np.array([0.9, 0.92, 0.91, 0.94, 0.9])
    found = spread_ratio(over_M, base_M)
    ratio = over_M.var(ddof=1) / base_M.var(ddof=1)
    limits = [math.sqrt(ratio / stats.f.ppf(q, 3, 4)) for q in (0.975, 0.025)]
    assert found == pytest.approx((math.sqrt(ratio), *limits))
    back = spread_ratio(base_M, over_M)
    assert back == pytest.approx((1 / found.value, 1 / found.high, 1 / found.low))


def test_of_ten_members_each_a_ratio_has_to_exceed_two():
    base_M = np.arange(10.0)
    assert spread_ratio(2.02 * base_M, base_M).low > 1
    assert spread_ratio(2.00 * base_M, base_M).low < 1


def slow_jackknife(over_M, base_M):
    sides = []
    for side in (over_M, base_M):
        m, whole = len(side), np.log(np.var(side, ddof=1))
        left = [np.log(np.var([*side[:i], *side[i + 1 :]], ddof=1)) for i in range(m)]
        sides.append([m * whole - (m - 1) * x for x in left])
    squares = [np.var(side, ddof=1) / len(side) for side in sides]
    worth = sum(s**2 / (len(side) - 1) for s, side in zip(squares, sides, strict=True))
    half = stats.t.ppf(0.975, sum(squares) ** 2 / worth) * math.sqrt(sum(squares))
    middle = np.mean(sides[0]) - np.mean(sides[1])
    return [math.exp((middle + side * half) / 2) for side in (-1, 1)]


def test_a_ratio_of_any_values_has_the_limits_of_the_jackknife():
    rng = np.random.default_rng(0)
    over_M, base_M = rng.exponential(size=7), rng.normal(size=5)
    found = spread_ratio_of_any(over_M, base_M)
    assert found.value == pytest.approx(over_M.std(ddof=1) / base_M.std(ddof=1))
    assert found[1:] == pytest.approx(slow_jackknife(over_M.tolist(), base_M.tolist()))


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.93])
def test_members_that_are_equal_have_exactly_no_spread(shift):
    assert spread(np.full(7, 0.1) + shift) == (0, 0, 0)


def test_what_is_undefined_is_nan():
    equal_M = np.full(4, 0.5)
    assert all(np.isnan(spread(np.array(x))).all() for x in ([], [0.9], [0.9, np.nan]))
    assert np.isnan(spread_ratio(VALUES, equal_M)).all()
    assert np.isnan(spread_ratio(VALUES, VALUES[:1])).all()
    assert spread_ratio(equal_M, VALUES) == (0, 0, 0)
    assert np.isnan(spread_ratio_of_any(VALUES, equal_M)).all()
    two = spread_ratio_of_any(VALUES, VALUES[:2])
    assert two.value > 0
    assert np.isnan(two[1:]).all()
    one_apart = np.array([0.5, 0.5, 0.5, 0.6])
    assert np.isnan(spread_ratio_of_any(one_apart, VALUES)[1:]).all()


@pytest.mark.heavy
def test_limits_hold_the_truth_as_often_as_they_say():
    rng, audits = np.random.default_rng(1), 1000
    held = np.zeros((audits, 5))
    for audit in range(audits):
        one, two, odd, other = (*rng.normal(size=(2, 10)), *rng.exponential(size=(2, 10)))
        found = (
            spread(one),
            spread_ratio(one, two),
            spread_ratio_of_any(one, two),
            spread_ratio(odd, other),
            spread_ratio_of_any(odd, other),
        )
        held[audit] = [each.low <= 1 <= each.high for each in found]
    normal, exponential = held.mean(axis=0)[:3], held.mean(axis=0)[3:]
    assert ((normal > 0.93) & (normal < 0.97)).all()
    assert exponential[0] < 0.8 < 0.87 < exponential[1]
    assert all(a <= b for a, b in pairwise(exponential))
