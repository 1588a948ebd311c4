"""Limits for relative changes, against tests of SciPy, finite differences and simulated worlds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t, ttest_1samp, ttest_ind, ttest_rel

from undertow.audit.stats.ratio_of_means import excess_limits, relative_limits

RNG = np.random.default_rng(3)
BEFORE, AFTER = RNG.normal(0.2, 0.02, (4, 9)), RNG.normal(0.25, 0.05, (4, 9))


def test_limits_of_pairs_are_the_ratios_that_the_paired_t_test_just_allows():
    found = relative_limits(BEFORE, AFTER, paired=True, level=0.1)
    for g in range(4):
        assert found.value_G[g] == pytest.approx(AFTER[g].mean() / BEFORE[g].mean() - 1)
        for limit in (found.low_G[g], found.high_G[g]):
            assert ttest_rel(AFTER[g], (1 + limit) * BEFORE[g]).pvalue == pytest.approx(0.1)
        assert found.p_G[g] == pytest.approx(ttest_rel(AFTER[g], BEFORE[g]).pvalue)


def test_limits_of_independent_members_are_those_of_welchs_t():
    after = AFTER[:, :6]
    found = relative_limits(BEFORE, after, paired=False)
    for g in range(4):
        a, b = after[g].var(ddof=1) / 6, BEFORE[g].var(ddof=1) / 9
        q = 1 + found.value_G[g]
        df = (a + q * q * b) ** 2 / (a**2 / 5 + (q * q * b) ** 2 / 8)
        for limit in (1 + found.low_G[g], 1 + found.high_G[g]):
            away = abs(after[g].mean() - limit * BEFORE[g].mean()) / np.sqrt(a + limit**2 * b)
            assert away == pytest.approx(t.ppf(0.975, df))
        alike = ttest_ind(after[g], BEFORE[g], equal_var=False).statistic
        assert found.p_G[g] == pytest.approx(2 * t.sf(abs(alike), df))


def test_p_is_below_the_level_just_where_0_lies_outside_the_limits():
    """Null worlds: few members, many of whom make no mistake, so that some means cannot be told
    from 0; of some pairs, all differ by nearly the same."""
    rng, draws = np.random.default_rng(5), 4000
    seen = set()
    for paired in (True, False):
        for members in (4, 8):
            before = rng.poisson(rng.choice([0.3, 1, 5], (draws, 1)), (draws, members)) / 100
            after = rng.poisson(rng.choice([0.3, 1, 5], (draws, 1)), (draws, members)) / 100
            near = before + 0.01 + rng.normal(0, 0.001, before.shape)
            after = np.where(rng.random((draws, 1)) < 0.3, near, after)
            for level in (0.05, 0.005):
                found = relative_limits(before, after, paired=paired, level=level)
                known = ~np.isnan(found.low_G)
                outside = (found.low_G > 0) | (found.high_G < 0)
                assert ((found.p_G < level) == outside)[known].all()
                assert not np.isnan(found.p_G[known]).any()
                infinite = known & np.isinf(found.high_G)
                seen |= {("infinite", x) for x in outside[infinite].tolist()}
                seen |= {("finite", x) for x in outside[known & ~infinite].tolist()}
    assert len(seen) == 4


def test_a_rise_from_next_to_nothing_has_a_lower_limit_alone():
    before, after = np.array([0, 0, 0, 0.01]), np.array([0.2, 0.21, 0.19, 0.2])
    found = relative_limits(before, after, paired=True)
    assert found.high_G[0] == np.inf
    just = ttest_rel(after, (1 + found.low_G[0]) * before).pvalue
    assert found.low_G[0] > 0
    assert just == pytest.approx(0.05)


def test_a_rate_that_cannot_be_told_from_nothing_has_no_upper_limit():
    before, after = np.array([0, 0, 0, 0.01]), np.array([0.0, 0.02, 0.01, 0.03])
    found = relative_limits(before, after, paired=False)
    assert found.value_G[0] == pytest.approx(5)
    assert (found.low_G[0], found.high_G[0]) == (-1, np.inf)


@pytest.mark.parametrize(
    ("before", "after"),
    [([0.0] * 4, [0.1, 0.2, 0.1, 0.2]), ([0.1], [0.2]), ([], []), ([0.1] * 4, [0.2] * 4)],
)
def test_what_has_no_limits_is_undefined(before, after):
    found = relative_limits(np.array(before), np.array(after), paired=False)
    assert np.isnan([x[0] for x in found]).all()
    beside = np.full(len(before), 0.5)
    excess = excess_limits(np.array(before), np.array(after), beside, beside, paired=False)
    assert np.isnan([x[0] for x in excess]).all()


@pytest.mark.parametrize("ratio", [1.0, 0.7, 0.0])
def test_pairs_that_all_have_one_ratio_say_nothing_of_chance(ratio):
    before = np.array([0.11, 0.13, 0.17, 0.19])
    found = relative_limits(before, ratio * before, paired=True)
    assert np.isnan([found.low_G[0], found.high_G[0]]).all()
    told = relative_limits(before, ratio * before + [0, 0, 0, 0.01], paired=True)
    assert told.low_G[0] < told.value_G[0] < told.high_G[0]


def _excess(members):
    before, after, own, other = members.mean(axis=-1)
    return after / before - other / own


@pytest.mark.parametrize("paired", [True, False])
def test_an_excess_varies_as_finite_differences_of_it_say(paired):
    own, other = RNG.normal(0.8, 0.01, 9), RNG.normal(0.7, 0.02, 9)
    found = excess_limits(BEFORE[0], AFTER[0], own, other, paired=paired)
    members = np.stack([BEFORE[0], AFTER[0], own, other])
    assert found.value_G[0] == pytest.approx(_excess(members))
    step, influence = 1e-6, np.zeros((2, 9))
    for side, rows in enumerate(((0, 2), (1, 3))):
        for m in range(9):
            moved = members.copy()
            for row in rows:  # this member weighs a little more in its side's means
                moved[row] += step * 9 * (members[row, m] - members[row].mean()) / 9
            influence[side, m] = (_excess(moved) - _excess(members)) / step
    if paired:
        error = influence.sum(axis=0).std(ddof=1) / 3
        half = t.ppf(0.975, 8) * error
    else:
        square = influence.var(axis=1, ddof=1) / 9
        df = square.sum() ** 2 / (square**2 / 8).sum()
        half = t.ppf(0.975, df) * np.sqrt(square.sum())
    assert found.high_G[0] - found.value_G[0] == pytest.approx(half, rel=1e-4)
    assert found.value_G[0] - found.low_G[0] == pytest.approx(half, rel=1e-4)


def test_an_excess_over_a_constant_is_a_plain_test():
    ones = np.ones(9)
    found = excess_limits(ones, AFTER[0], ones, ones, paired=True)
    assert found.p_G[0] == pytest.approx(ttest_1samp(AFTER[0], 1).pvalue)


@pytest.mark.parametrize("members", [8, 16])
def test_95_of_100_intervals_hold_the_truth(members):
    """Simulated members: each has a level of its own that its accuracies share."""
    rng, draws = np.random.default_rng(0), 4000
    u, v = rng.normal(0, 0.02, (2, draws, members))
    before, own = 0.5 + u + rng.normal(0, 0.01, u.shape), 0.8 + u / 2
    after, other = 0.4 + 1.5 * v + rng.normal(0, 0.02, u.shape), 0.75 + v / 2
    relative = relative_limits(before, after, paired=False)
    excess = excess_limits(before, after, own, other, paired=False)
    for found, truth in ((relative, 0.4 / 0.5 - 1), (excess, 0.4 / 0.5 - 0.75 / 0.8)):
        kept = float(((found.low_G <= truth) & (truth <= found.high_G)).mean())
        assert 0.94 <= kept <= 0.965
