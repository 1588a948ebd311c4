"""Spearman's ρ with limits and the p of an exchange, against loops and by simulation."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats.rank_limits import DRAWS, rank_correlation

A_U, B_U = np.array([0.1, 0.4, 0.2, 0.9, 0.7]), np.array([3.0, 1.0, 0.5, 0.0, 1.0])


def test_p_is_over_all_orders():
    found = rank_correlation(A_U, B_U)
    rho = stats.spearmanr(A_U, B_U).statistic
    each = [stats.spearmanr(list(order), B_U).statistic for order in permutations(A_U)]
    assert found.rho == pytest.approx(rho)
    assert found.p == pytest.approx(np.mean(np.abs(each) >= abs(rho) - 1e-9))
    assert found.units == 5


def test_limits_are_fishers_with_bonett_and_wrights_variance():
    found = rank_correlation(A_U, B_U)
    half = stats.norm.ppf(0.975) * math.sqrt((1 + found.rho**2 / 2) / 2)
    z = math.atanh(found.rho)
    assert found[1:3] == pytest.approx((math.tanh(z - half), math.tanh(z + half)))


def test_of_many_p_is_over_drawn_orders():
    rng = np.random.default_rng(0)
    a_U = rng.normal(size=20)
    b_U = a_U + rng.normal(size=20)
    found = rank_correlation(a_U, b_U)
    assert found.p == pytest.approx(stats.spearmanr(a_U, b_U).pvalue, abs=0.01)
    assert found == rank_correlation(a_U, b_U)


def test_the_observed_order_is_one_of_the_drawn_ones():
    """No exchange of twenty goes as far as a perfect order, so p is that order's own share."""
    found = rank_correlation(np.arange(20.0), np.arange(20.0))
    assert found.p == 1 / (DRAWS + 1)


def test_a_perfect_order_of_few_leaves_much_open():
    found = rank_correlation(np.arange(5.0), np.arange(5.0))
    assert found.rho == found.high == pytest.approx(1)
    assert 0 < found.low < 0.6
    assert found.p == pytest.approx(2 / 120)
    assert rank_correlation(np.arange(5.0), -np.arange(5.0)).low == pytest.approx(-1)


def test_too_few_have_no_limits_and_what_does_not_vary_no_rho():
    three = rank_correlation(np.arange(3.0), np.array([0.0, 2, 1]))
    assert three.rho == pytest.approx(0.5)
    assert np.isnan([three.low, three.high]).all()
    assert np.isnan(rank_correlation(np.arange(4.0), np.ones(4))[:4]).all()
    gap = rank_correlation(np.append(A_U, np.nan), np.append(B_U, 1.0))
    assert gap == rank_correlation(A_U, B_U)


def test_what_was_spent_before_makes_limits_rest_on_fewer():
    rng = np.random.default_rng(1)
    a_U, b_U = rng.normal(size=(2, 12))
    plain, found = rank_correlation(a_U, b_U), rank_correlation(a_U, b_U, spent=2)
    half = stats.norm.ppf(0.975) * math.sqrt((1 + found.rho**2 / 2) / 7)
    z = math.atanh(found.rho)
    assert found.rho == plain.rho
    assert found[1:3] == pytest.approx((math.tanh(z - half), math.tanh(z + half)))
    assert math.isnan(rank_correlation(a_U[:5], b_U[:5], spent=2).low)


@pytest.mark.heavy
@pytest.mark.parametrize("units", [6, 10, 20])
@pytest.mark.parametrize("true", [0.0, 0.7])
def test_limits_hold_the_truth(units, true):
    """Normal pairs, whose Spearman's ρ is (6/π) asin(r/2). p of no association is exact."""
    rng, held, found = np.random.default_rng(units), 0, []
    r = 2 * math.sin(math.pi * true / 6)
    for _ in range(500):
        a_U, b_U = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], units).T
        got = rank_correlation(a_U, b_U)
        held += got.low <= true <= got.high
        found.append(got.p)
    assert held / 500 >= 0.93
    if true == 0:
        assert np.mean(np.array(found) <= 0.05) <= 0.075
