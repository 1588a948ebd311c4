"""The mixture of two normals beside scikit-learn's, and by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from undertow.audit.stats.two_normals import (
    LEAST,
    best_cut,
    fitted,
    lower_posterior,
)


def losses(seed, n=500, wrong=0.3, apart=2.0):
    """Most near 0 with a tail, the wrong ones about ``apart``."""
    rng = np.random.default_rng(seed)
    low_N, high_N = rng.exponential(0.4, n), rng.normal(apart, 0.6, n)
    return np.abs(np.where(rng.random(n) < wrong, high_N, low_N))


def scaled(value_N):
    return (value_N - value_N.min()) / (value_N.max() - value_N.min())


def of_sklearn(value_N, **how):
    """As the code of 2002.07394 asks it."""
    mixture = GaussianMixture(2, max_iter=10, tol=1e-2, reg_covar=5e-4, **how)
    x_N1 = scaled(value_N)[:, None]
    with warnings.catch_warnings(action="ignore"):  # ten steps may not be enough
        mixture.fit(x_N1)
    return mixture.predict_proba(x_N1)[:, mixture.means_[:, 0].argmin()], mixture


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("wrong", "apart"), [(0.2, 2.5), (0.4, 1.5), (0.05, 3.0), (0.5, 1.0)])
def test_it_is_scikit_learns_from_the_same_start(seed, wrong, apart):
    value_N = losses(seed, wrong=wrong, apart=apart)
    x_N = scaled(value_N)
    rising = np.sort(x_N)
    cut = best_cut(rising)
    heaps = rising[:cut], rising[cut:]
    start = {
        "weights_init": [len(heap) / len(rising) for heap in heaps],
        "means_init": [[heap.mean()] for heap in heaps],
        "precisions_init": [[[1 / (heap.var() + LEAST)]] for heap in heaps],
    }
    expected, mixture = of_sklearn(value_N, **start)
    np.testing.assert_allclose(lower_posterior(value_N), expected, atol=1e-9)
    normals = fitted(rising, cut)
    np.testing.assert_allclose(normals.mean, mixture.means_[:, 0], atol=1e-12)
    np.testing.assert_allclose(normals.variance, mixture.covariances_[:, 0, 0], atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_it_is_scikit_learns_from_its_own_start_too(seed):
    """By k-means, whose best end the cut is."""
    value_N = losses(seed)
    expected, _ = of_sklearn(value_N, random_state=seed)
    np.testing.assert_allclose(lower_posterior(value_N), expected, atol=2e-2)


def test_the_cut_is_the_best_of_all():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        rising = np.sort(rng.choice([0.0, 0.1, 0.2, 0.5, 0.9, 1.0, rng.random()], 12))
        cuts = [k for k in range(1, 12) if rising[k] > rising[k - 1]]
        squares = [k * rising[:k].var() + (12 - k) * rising[k:].var() for k in cuts]
        cut = best_cut(rising)
        assert squares[cuts.index(cut)] == pytest.approx(min(squares), abs=1e-12)


def test_two_heaps_are_told_apart():
    value_N = np.r_[np.linspace(0, 0.1, 30), np.linspace(3, 3.4, 10)]
    np.testing.assert_allclose(
        lower_posterior(value_N), np.r_[np.ones(30), np.zeros(10)], atol=1e-6
    )


def test_a_wide_component_wins_at_both_ends():
    """What the docstring says: 1.2 is nearer to the wide lower heap than to the narrow one at .9,
    by their spreads."""
    value_N = np.r_[np.linspace(0, 1, 60), np.linspace(0.88, 0.92, 100), 1.2]
    posterior_N = lower_posterior(value_N)
    assert posterior_N[110] < 0.05
    assert posterior_N[-1] > 0.95


def test_what_is_not_known_takes_no_part():
    value_N = losses(0)
    with_gaps = np.insert(value_N, [3, 200], np.nan)
    found = lower_posterior(with_gaps)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(with_gaps))
    np.testing.assert_array_equal(found[~np.isnan(found)], lower_posterior(value_N))


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0], [np.nan, 1.0], [np.nan, np.nan]])
def test_one_value_has_no_heaps(values):
    assert np.isnan(lower_posterior(np.array(values))).all()


def test_two_values_are_two_heaps():
    np.testing.assert_allclose(lower_posterior(np.array([5.0, -1.0])), [0.0, 1.0], atol=1e-12)
