from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

import oracles_stats as oracle
from undertow.audit.stats.mcnemar import (
    HALF,
    mcnemar_exact,
    paired_interval,
)
from undertow.audit.stats.multiplicity import benjamini_hochberg, bonferroni, holm
from undertow.audit.stats.outlook import size_for
from undertow.audit.stats.welch import welch

REFERENCE, VARIANT = (
    np.array([0.80, 0.82, 0.78, 0.81, 0.79]),
    np.array([0.70, 0.74, 0.69, 0.73, 0.71]),
)


def test_the_papers_class_test_with_the_populations_constant():
    """§8.2; the paper puts the reference first, so its t is ours with the other sign."""
    found = welch((REFERENCE - 0.7668)[None], (VARIANT - 0.7260)[None])
    assert found.effect_G[0] == pytest.approx(-0.0452, abs=1e-12)
    assert found.t_G[0] == pytest.approx(-3.875868024, abs=5e-10)
    assert found.df_G[0] == pytest.approx(7.476151981, abs=5e-10)
    assert found.p_G[0] == pytest.approx(0.00535760973, abs=5e-12)


def test_the_papers_class_test_with_each_members_own_accuracy():
    own_ref, own_var = (
        np.array([0.765, 0.768, 0.766, 0.769, 0.766]),
        np.array([0.724, 0.728, 0.725, 0.727, 0.726]),
    )
    found = welch((REFERENCE - own_ref)[None], (VARIANT - own_var)[None])
    assert found.t_G[0] == pytest.approx(-4.160292198, abs=5e-10)
    assert found.p_G[0] == pytest.approx(0.00366060, abs=5e-9)
    assert found.df_G[0] == pytest.approx(7.485080, abs=5e-7)


def test_welch_equals_scipy():
    rng = np.random.default_rng(0)
    reference_GM, variant_GM = rng.normal(size=(5, 4)), rng.normal(size=(5, 7))
    found, there = (
        welch(reference_GM, variant_GM, level=0.1),
        stats.ttest_ind(variant_GM, reference_GM, axis=1, equal_var=False),
    )
    np.testing.assert_allclose(found.p_G, there.pvalue)
    np.testing.assert_allclose(found.low_G, there.confidence_interval(0.9).low)


def test_t_tests_without_spread_members_or_values_are_undefined():
    flat = np.full((1, 3), 0.1)
    gap = np.array([[0.1, np.nan, 0.3]])
    for found in (welch(flat, flat + 0.2), welch(flat[:, :1], flat), welch(gap, flat)):
        assert np.isnan(found.p_G).all()
        assert np.isnan(found.low_G).all()


def test_mcnemar_equals_the_vector_and_statsmodels():
    assert mcnemar_exact(30, 12) == pytest.approx(0.00791590, abs=5e-9)
    assert mcnemar_exact(0, 0) == 1.0
    lost, gained = np.array([0, 3, 5, 7, 1]), np.array([6, 3, 4, 0, 1])
    there = [
        mcnemar([[50, a], [b, 9]], exact=True).pvalue for a, b in zip(lost, gained, strict=True)
    ]
    np.testing.assert_allclose(mcnemar_exact(lost, gained), there)


@pytest.mark.parametrize("correction", [0.0, HALF])
@pytest.mark.parametrize(
    ("lost", "gained", "n"), [(30, 12, 500), (1, 0, 40), (0, 7, 50), (9, 9, 60), (3, 1, 10)]
)
def test_the_paired_interval_equals_numerical_likelihood(lost, gained, n, correction):
    np.testing.assert_allclose(
        paired_interval(lost, gained, n, 0.05, correction=correction),
        oracle.tango_limits(lost, gained, n, 0.05, correction),
        atol=2e-6,
    )


def test_the_paired_interval_at_the_edges():
    z = stats.norm.isf(0.025)
    low, high = paired_interval(0, 0, 100)
    assert (low, high) == (
        pytest.approx(-(z**2) / (100 + z**2)),
        pytest.approx(z**2 / (100 + z**2)),
    )
    assert paired_interval(20, 0, 20).low == pytest.approx(-1.0)
    assert np.isnan(paired_interval(0, 0, 0)).all()
    low_G, high_G = paired_interval(np.array([1, 5]), np.array([5, 1]), np.array([50, 50]))
    np.testing.assert_allclose(low_G, -high_G[::-1])
    with pytest.raises(
        ValueError, match=r"^lost and gained must be counts of disjoint examples among the n$"
    ):
        paired_interval(6, 5, 10)


def test_the_paired_interval_covers_where_few_examples_change():
    """Exact coverage by summing the trinomial: n = 60, 2 % lost, 1 % gained."""
    lost, gained = (a.ravel() for a in np.meshgrid(np.arange(15), np.arange(15)))
    mass = stats.multinomial.pmf(
        np.column_stack([lost, gained, 60 - lost - gained]), 60, [0.02, 0.01, 0.97]
    )
    low, high = paired_interval(lost, gained, 60, 0.05)
    covered = mass[(low <= -0.01) & (high >= -0.01)].sum()
    assert mass.sum() == pytest.approx(1, abs=1e-9)
    assert covered >= 0.945


def test_corrections_equal_statsmodels_and_leave_nan_as_it_is():
    rng = np.random.default_rng(0)
    p = np.round(rng.random(30) ** 2, 2)
    np.testing.assert_allclose(bonferroni(p), multipletests(p, method="bonferroni")[1])
    np.testing.assert_allclose(bonferroni(p), [min(1.0, len(p) * one) for one in p])
    np.testing.assert_allclose(benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1])
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])
    for correct, counts in ((bonferroni, True), (holm, False), (benjamini_hochberg, False)):
        gaps = correct(np.insert(p, [0, 12, 30], np.nan))
        wanted = np.minimum(1.0, 33 * p) if counts else correct(p)
        np.testing.assert_allclose(gaps[~np.isnan(gaps)], wanted)
        assert np.isnan(gaps).sum() == 3
        assert correct(np.array([])).shape == (0,)
        assert np.isnan(correct([np.nan])).all()


def test_an_open_verdict_needs_more_than_there_are():
    assert size_for(100, 0.1, 0.05) == 400
    assert size_for(100, 0.1, 0.2) == size_for(100.5, 0.1, 0.2) == 101
