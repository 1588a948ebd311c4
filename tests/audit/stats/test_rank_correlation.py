"""Differences of rank correlations: by hand, against scipy, and what a bootstrap of groups says."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from undertow.audit.stats.rank_correlation import correlation_difference


def world(rng, groups=40, each=10, noise=0.3, within=0.01):
    """Configurations differ in their loss, members of one hardly; the first quantity follows it
    closely, the second is noisier from configuration to configuration."""
    level_G = rng.normal(size=groups)
    rows = [
        level_G,
        level_G + noise * rng.normal(size=groups),
        level_G + 3 * rng.normal(size=groups),
    ]
    loss, first, second = (
        np.repeat(r, each) + within * rng.normal(size=groups * each) for r in rows
    )
    return first, second, loss, np.repeat(np.arange(groups), each)


def test_each_is_kendalls_tau_without_its_sign():
    first, second, loss, group = world(np.random.default_rng(0))
    found = correlation_difference(first, -second, loss, group, draws=50)
    assert found.first == pytest.approx(kendalltau(first, loss).statistic)
    assert found.second == pytest.approx(kendalltau(second, loss).statistic)
    assert found.difference == found.first - found.second


@pytest.mark.heavy
def test_one_that_follows_more_closely_is_told_and_a_copy_is_not():
    first, second, loss, group = world(np.random.default_rng(1))
    found = correlation_difference(first, second, loss, group, draws=200)
    assert 0 < found.low < found.difference < found.high
    same = correlation_difference(first, 2 * first + 1, loss, group, draws=50)
    assert (same.low, same.difference, same.high) == (0, 0, 0)


def test_members_of_a_group_are_no_evidence_of_their_own():
    """Ten times as many members of the same configurations leave the interval about as wide."""
    widths = []
    for each in (3, 30):
        first, second, loss, group = world(np.random.default_rng(2), groups=12, each=each)
        found = correlation_difference(first, second, loss, group, draws=150)
        widths.append(found.high - found.low)
    assert widths[1] > 0.8 * widths[0]


def test_a_member_without_a_finite_value_is_left_out():
    first, second, loss, group = world(np.random.default_rng(3), groups=6)
    whole = correlation_difference(first[1:], second[1:], loss[1:], group[1:], draws=20)
    loss[0] = np.nan
    assert correlation_difference(first, second, loss, group, draws=20) == whole


def test_one_group_tells_nothing_about_others():
    with pytest.raises(ValueError, match="1 group with finite values; at least 2 are needed"):
        correlation_difference(*np.ones((3, 4)), np.zeros(4, dtype=int))
