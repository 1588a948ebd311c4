"""Means over pairs of members: by hand, and how often limits hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats.member_pairs import PairMean, pair_mean, pair_mean_ratio

CHURN = np.array([[0, 0.25, 0.25], [0.25, 0, 0.5], [0.25, 0.5, 0]])


def random_pairs(members, seed=0):
    value_MM = np.random.default_rng(seed).random((members, members))
    return value_MM + value_MM.T


def test_it_is_the_mean_over_pairs_and_never_reads_the_diagonal():
    value_MM = random_pairs(5)
    slow = np.mean([value_MM[i, j] for i in range(5) for j in range(i)])
    np.fill_diagonal(value_MM, np.nan)
    assert pair_mean(value_MM).value == pytest.approx(slow)


def test_limits_are_the_jackknifes_over_members():
    value_MM = random_pairs(6)
    left = []
    for i in range(6):
        kept = [m for m in range(6) if m != i]
        left.append(np.mean([value_MM[a, b] for a in kept for b in kept if a < b]))
    square = 5 / 6 * sum((x - np.mean(left)) ** 2 for x in left)
    found = pair_mean(value_MM)
    half = stats.t.ppf(0.975, 5) * math.sqrt(square)
    assert found.square == pytest.approx(square)
    assert found.limits() == pytest.approx((found.value, found.value - half, found.value + half))


def test_of_three_members_by_hand():
    """Leaving one out leaves one pair: .5, .25 and .25; around 1/3 they have squares 1/24."""
    found = pair_mean(CHURN)
    assert found.value == pytest.approx(1 / 3)
    assert found.square == pytest.approx(2 / 3 / 24)


def test_equal_pairs_have_no_error_whatever_rounding_does():
    for members in (3, 7, 10):
        assert pair_mean(np.full((members, members), 0.1)).square == 0
    assert pair_mean(np.zeros((4, 4))).limits() == (0, 0, 0)


def test_what_is_undefined_is_nan():
    assert np.isnan(pair_mean(np.zeros((1, 1))).value)
    two = pair_mean(CHURN[:2, :2]).limits()
    assert two.value == 0.25
    assert np.isnan(two[1:]).all()
    missing = CHURN.copy()
    missing[0, 1] = missing[1, 0] = np.nan
    assert np.isnan(pair_mean(missing)[:2]).all()


def test_a_ratio_adds_relative_errors():
    over, base = PairMean(0.2, 0.0001, 6), PairMean(0.1, 0.00004, 4)
    squares = 0.0025, 0.004
    df = sum(squares) ** 2 / (squares[0] ** 2 / 5 + squares[1] ** 2 / 3)
    times = math.exp(stats.t.ppf(0.975, df) * math.sqrt(sum(squares)))
    assert pair_mean_ratio(over, base) == pytest.approx((2, 2 / times, 2 * times))


def test_a_ratio_to_nothing_is_undefined():
    some, nothing = PairMean(0.2, 0.0001, 6), PairMean(0.0, 0.0, 6)
    assert np.isnan(pair_mean_ratio(some, nothing)).all()
    assert np.isnan(pair_mean_ratio(nothing, some)).all()
    assert np.isnan(pair_mean_ratio(some, PairMean(0.1, math.nan, 2))[1:]).all()
    exact = PairMean(0.1, 0.0, 5)
    assert pair_mean_ratio(exact, exact) == pytest.approx((1, 1, 1))


@pytest.mark.heavy
@pytest.mark.parametrize("quality", [0.0, 0.05])
def test_limits_hold_the_disagreement_of_new_members(quality):
    rng, audits, held = np.random.default_rng(2), 500, []
    p_N = rng.beta(0.6, 0.2, 500)

    def disagreement(members):
        chance_MN = np.clip(p_N + quality * rng.normal(size=(members, 1)), 0, 1)
        right_MN = (rng.random((members, 500)) < chance_MN).astype(float)
        return 1 - (right_MN @ right_MN.T + (1 - right_MN) @ (1 - right_MN).T) / 500

    truth = pair_mean(disagreement(3000)).value
    for _ in range(audits):
        one, two = (pair_mean(disagreement(10)) for _ in "ab")
        limits, ratio = one.limits(), pair_mean_ratio(one, two)
        held.append((limits.low <= truth <= limits.high, ratio.low <= 1 <= ratio.high))
    assert (np.mean(held, axis=0) > 0.91).all()
    assert (np.mean(held, axis=0) < 0.985).all()
