"""Paired shifts: counts, graded outcomes and clusters against slow formulas and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

import oracles_stats as oracle
from undertow.audit.stats.multiplicity import bonferroni
from undertow.audit.stats.paired_shift import paired_shift

NAN = np.nan


@pytest.fixture
def world():
    rng = np.random.default_rng(3)
    n = 300
    before, after = rng.random(n).round(2), rng.random(n).round(2)
    before[:4], after[3:6] = NAN, NAN
    membership = np.vstack([np.ones(n), rng.random(n) < 0.3, np.zeros(n)])
    cluster = rng.integers(0, 40, n)
    return sp.csr_array(membership), before, after, cluster


def inside_of(membership, g, before, after):
    return (membership.toarray()[g] > 0) & ~np.isnan(before + after)


@pytest.mark.heavy
def test_graded_outcomes_have_the_limits_of_a_bounded_mean(world):
    """Against the slow code; of many examples that vary much, these are near the paired t
    test's."""
    membership, before, after, _ = world
    shift = paired_shift(membership, before, after, 0.05)
    for g in range(2):
        inside = inside_of(membership, g, before, after)
        row, change = shift.row(g), (after - before)[inside]
        assert (row.n, row.effect) == (inside.sum(), pytest.approx(change.mean()))
        assert (row.before, row.after) == pytest.approx(
            (before[inside].mean(), after[inside].mean())
        )
        low, high, p = oracle.bounded_limits(change, np.ones(len(change)), 0.05)
        assert (row.low, row.high, row.p) == pytest.approx((low, high, p), abs=1e-6)
        test = stats.ttest_rel(after[inside], before[inside])
        interval = test.confidence_interval(0.95)
        assert (row.low, row.high) == pytest.approx(
            (interval.low, interval.high), abs=0.05 * (row.high - row.low)
        )
        assert row.p == pytest.approx(test.pvalue, abs=0.03)
    assert np.isnan(shift.row(2).effect)
    assert np.isnan(shift.fell_G).all()
    np.testing.assert_allclose(shift.adjusted_G, bonferroni(shift.p_G))


@pytest.mark.heavy
def test_clusters_are_the_units(world):
    """The wide limits against the slow code, and wider than a regression with clustered errors
    (statsmodels), which does not know that a cluster may be lost as a whole; the interval is near
    that regression's."""
    sm = pytest.importorskip("statsmodels.api")
    membership, before, after, cluster = world
    shift = paired_shift(membership, before, after, 0.1, cluster)
    for g in range(2):
        inside = inside_of(membership, g, before, after)
        change, named = (after - before)[inside], cluster[inside]
        totals = [change[named == k].sum() for k in np.unique(named)]
        sizes = [(named == k).sum() for k in np.unique(named)]
        row = shift.row(g)
        assert (row.n, row.clusters) == (len(change), len(totals))
        low, high, _ = oracle.bounded_limits(totals, sizes, 0.1)
        assert (row.unseen_low, row.unseen_high) == pytest.approx((low, high), abs=1e-6)
        kinds = {"groups": named, "df_correction": True}
        fit = sm.OLS(change, np.ones(len(change))).fit(
            cov_type="cluster", cov_kwds=kinds, use_t=True
        )
        assert row.effect == pytest.approx(fit.params[0])
        low, high = fit.conf_int(0.1)[0]
        assert row.unseen_low < low < high < row.unseen_high
        assert (row.low, row.high) == pytest.approx((low, high), abs=0.1 * (high - low))
        assert row.p == pytest.approx(fit.pvalues[0], abs=0.05)


def test_each_example_its_own_cluster_has_the_limits_of_examples_for_the_unseen(world):
    membership, before, after, _ = world
    plain = paired_shift(membership, before, after, 0.05)
    alone = paired_shift(membership, before, after, 0.05, np.arange(300))
    for name in ("n_G", "before_G", "after_G", "effect_G", "unseen_low_G", "unseen_high_G"):
        np.testing.assert_allclose(getattr(alone, name), getattr(plain, name), atol=1e-9)
    np.testing.assert_array_equal(plain.unseen_low_G, plain.low_G)
    np.testing.assert_array_equal(plain.unseen_high_G, plain.high_G)


def test_flips_in_clusters_are_counted():
    before, after = np.array([1.0, 1, 0, 0, 1, NAN]), np.array([0.0, 1, 1, 0, 0, 1])
    row = paired_shift(
        sp.csr_array(np.ones((1, 6))), before, after, 0.05, np.array([0, 0, 0, 1, 1, 1])
    ).row(0)
    assert (row.fell, row.rose, row.clusters, row.effect) == (2, 1, 2, pytest.approx(-0.2))


def test_one_cluster_says_nothing():
    before, after = np.array([1.0, 0, 1]), np.array([0.0, 0, 1])
    row = paired_shift(sp.csr_array(np.ones((1, 3))), before, after, 0.05, np.zeros(3, int)).row(0)
    assert np.isnan([row.effect, row.low, row.high, row.p]).all()


def test_nothing_changed_is_not_certainty():
    row = paired_shift(
        sp.csr_array(np.ones((1, 3))), np.array([0.2, 0.5, 1]), np.array([0.2, 0.5, 1]), 0.05
    ).row(0)
    assert (row.effect, row.p) == (0, 1)
    assert row.low < -0.7 < 0.7 < row.high
