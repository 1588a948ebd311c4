"""Sides as the mean of their runs: what is averaged, what repeat runs are set against, and what
more runs may do."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import oracles_stats as oracle
from undertow.audit.measures import churn, newly_wrong_per_pair
from undertow.audit.stats.bounded import mean_limits
from undertow.audit.stats.mean_shift import mean_shift
from undertow.audit.stats.over_runs import (
    MOST_PAIRS,
    beyond_repeats,
    disagreements,
    mean_of_runs,
    run_shift,
)

ALL = sp.csr_array(np.ones((1, 60)))


def runs(seed, members, n=60, classes=4):
    rng = np.random.default_rng(seed)
    return rng.integers(-1, classes, (members, n)).astype(np.int32)


def test_a_mean_over_runs_leaves_out_what_is_missing():
    value_RN = np.array(
        [[1.0, np.nan, np.nan, 0.0], [0.0, 0.5, np.nan, 0.0], [1.0, 1.0, np.nan, 0.0]]
    )
    np.testing.assert_allclose(mean_of_runs(value_RN), [2 / 3, 0.75, np.nan, 0])
    np.testing.assert_array_equal(mean_of_runs(value_RN[:1]), value_RN[0])


def test_single_precision_is_averaged_in_double():
    value_RN = np.full((3, 5), 0.1, dtype=np.float32)
    assert mean_of_runs(value_RN).dtype == np.float64


@pytest.mark.parametrize("measure", [churn, newly_wrong_per_pair], ids=lambda m: m.card.name)
@pytest.mark.parametrize(("m_ref", "m_var"), [(1, 1), (1, 3), (3, 1), (4, 2)])
def test_disagreements_equal_the_loops(measure, m_ref, m_var):
    before_RN, after_RN, label_N = runs(1, m_ref), runs(2, m_var), runs(3, 1)[0]
    value_N, repeat_PN = disagreements(before_RN, after_RN, label_N, measure.function)
    there_N, there_PN = oracle.disagreement_of_runs(before_RN, after_RN, label_N, measure.function)
    np.testing.assert_allclose(value_N, there_N)
    assert repeat_PN.shape == (m_ref * (m_ref - 1) // 2, 60)
    np.testing.assert_allclose(repeat_PN, there_PN.reshape(repeat_PN.shape))


def test_of_many_runs_evenly_spread_pairs_are_taken():
    asked = []

    def noted(a_N, b_N, label_N):
        asked.append((int(a_N[0]), int(b_N[0])))
        return np.zeros(len(a_N))

    before_RN = np.arange(20)[:, None].repeat(2, axis=1)
    disagreements(before_RN, before_RN + 100, np.zeros(2, int), noted)
    across = [pair for pair in asked if pair[1] >= 100]
    within = {tuple(sorted(pair)) for pair in asked if pair[1] < 100}
    assert MOST_PAIRS / 2 < len(across) <= MOST_PAIRS
    assert MOST_PAIRS / 2 < len(within) <= MOST_PAIRS
    assert len({a for a, _ in across}) > 10


def test_more_runs_that_are_identical_change_nothing():
    before_RN, after_RN = (
        np.random.default_rng(seed).integers(0, 2, (1, 60)).astype(float) for seed in (1, 2)
    )
    one = run_shift(ALL, before_RN, after_RN, 0.05, None)
    five = run_shift(ALL, before_RN.repeat(5, axis=0), after_RN.repeat(3, axis=0), 0.05, None)
    for name in one._fields:
        np.testing.assert_allclose(getattr(five, name), getattr(one, name))


def test_runs_that_differ_are_compared_by_their_means():
    before_RN, after_RN = (
        np.random.default_rng(seed).random((runs, 60)) for seed, runs in ((1, 3), (2, 2))
    )
    found = run_shift(ALL, before_RN, after_RN, 0.05, None)
    there = mean_limits(ALL, after_RN.mean(axis=0) - before_RN.mean(axis=0), 0.05)
    assert found.low_G[0] == pytest.approx(there.low_G[0])
    assert (found.before_G[0], found.after_G[0]) == pytest.approx(
        (before_RN.mean(), after_RN.mean())
    )


def test_without_a_repeat_run_nothing_is_beyond_the_floor():
    found = beyond_repeats(ALL, np.ones(60), np.empty((0, 60)), 0.05, None)
    assert np.isnan(np.concatenate(found)).all()


def test_what_lies_beyond_repeat_runs_is_the_paired_difference_and_p_is_one_sided():
    rng = np.random.default_rng(4)
    value_N, repeat_PN = rng.random(60), rng.random((3, 60))
    found = beyond_repeats(ALL, value_N, repeat_PN, 0.05, None)
    there = mean_limits(ALL, value_N - repeat_PN.mean(axis=0), 0.05)
    assert (found.effect_G[0], found.low_G[0], found.high_G[0]) == pytest.approx(
        (there.effect_G[0], there.low_G[0], there.high_G[0])
    )
    other = beyond_repeats(ALL, -value_N, -repeat_PN, 0.05, None)
    assert found.p_G[0] + other.p_G[0] == pytest.approx(1)
    assert min(found.p_G[0], other.p_G[0]) == pytest.approx(there.p_G[0] / 2)


def test_over_clusters_an_excess_is_shown_by_what_was_seen_and_limited_for_the_unseen():
    rng, cluster_N = np.random.default_rng(5), np.arange(60) // 3
    value_N, repeat_PN = rng.random(60), 0.3 * rng.random((3, 60))
    found = beyond_repeats(ALL, value_N, repeat_PN, 0.05, cluster_N)
    there = mean_shift(ALL, value_N - repeat_PN.mean(axis=0), 0.05, cluster_N)
    assert there.unseen_low_G[0] < there.low_G[0] < there.high_G[0] < there.unseen_high_G[0]
    assert (found.low_G[0], found.high_G[0]) == (there.low_G[0], there.unseen_high_G[0])
