"""Paired shifts: counts, graded outcomes and clusters against slow formulas and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from undertow.audit.stats.multiplicity import holm
from undertow.audit.stats.paired_shift import paired_shift, strictest

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


def test_graded_outcomes_are_a_paired_t_test(world):
    membership, before, after, _ = world
    shift = paired_shift(membership, before, after, 0.05)
    for g in range(2):
        inside = (membership.toarray()[g] > 0) & ~np.isnan(before + after)
        test = stats.ttest_rel(after[inside], before[inside])
        row = shift.row(g)
        assert (row.n, row.p) == (inside.sum(), pytest.approx(test.pvalue))
        interval = test.confidence_interval(0.95)
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
        assert (row.before, row.after) == pytest.approx((before[inside].mean(), after[inside].mean()))
    assert np.isnan(shift.row(2).effect)
    assert np.isnan(shift.fell_G).all()
    np.testing.assert_allclose(shift.adjusted_G, holm(shift.p_G))


def test_clusters_equal_a_regression_with_clustered_errors(world):
    """statsmodels: the intercept of the differences, CR1 errors with factor K/(K-1), Student's t."""
    sm = pytest.importorskip("statsmodels.api")
    membership, before, after, cluster = world
    shift = paired_shift(membership, before, after, 0.1, cluster)
    for g in range(2):
        inside = (membership.toarray()[g] > 0) & ~np.isnan(before + after)
        change = (after - before)[inside]
        kinds = {"groups": cluster[inside], "df_correction": True}
        fit = sm.OLS(change, np.ones(len(change))).fit(cov_type="cluster", cov_kwds=kinds, use_t=True)
        clusters = len(np.unique(cluster[inside]))
        n = len(change)
        # Theirs has a further factor (n-1)/(n-k), which is 1 here for k = 1.
        row = shift.row(g)
        assert (row.n, row.clusters) == (n, clusters)
        assert row.effect == pytest.approx(fit.params[0])
        assert (row.low, row.high) == pytest.approx(tuple(fit.conf_int(0.1)[0]))
        assert row.p == pytest.approx(fit.pvalues[0])


def test_each_example_its_own_cluster_is_the_t_test(world):
    membership, before, after, _ = world
    plain = paired_shift(membership, before, after, 0.05)
    alone = paired_shift(membership, before, after, 0.05, np.arange(300))
    for name in ("n_G", "before_G", "after_G", "effect_G", "low_G", "high_G", "p_G"):
        np.testing.assert_allclose(getattr(alone, name), getattr(plain, name))


def test_flips_in_clusters_are_counted():
    before, after = np.array([1.0, 1, 0, 0, 1, NAN]), np.array([0.0, 1, 1, 0, 0, 1])
    row = paired_shift(sp.csr_array(np.ones((1, 6))), before, after, 0.05, np.array([0, 0, 0, 1, 1, 1])).row(0)
    assert (row.fell, row.rose, row.clusters, row.effect) == (2, 1, 2, pytest.approx(-0.2))


def test_one_cluster_says_nothing():
    before, after = np.array([1.0, 0, 1]), np.array([0.0, 0, 1])
    row = paired_shift(sp.csr_array(np.ones((1, 3))), before, after, 0.05, np.zeros(3, int)).row(0)
    assert np.isnan([row.effect, row.low, row.high, row.p]).all()


def test_nothing_changed():
    row = paired_shift(sp.csr_array(np.ones((1, 3))), np.array([0.2, 0.5, 1]), np.array([0.2, 0.5, 1]), 0.05).row(0)
    assert (row.effect, row.low, row.high, row.p) == (0, 0, 0, 1)


def test_the_strictest_of_several_runs(world):
    membership, before, after, _ = world
    shifts = [paired_shift(membership, run, after, 0.05) for run in (before, np.clip(before + 0.1, 0, 1))]
    both = strictest(shifts)
    np.testing.assert_allclose(both.low_G, np.minimum(shifts[0].low_G, shifts[1].low_G))
    np.testing.assert_allclose(both.p_G, np.maximum(shifts[0].p_G, shifts[1].p_G))
    np.testing.assert_allclose(both.effect_G, (shifts[0].effect_G + shifts[1].effect_G) / 2)
