"""Forecasts against what comes where there is as much more of the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

from undertow.audit.stats.mcnemar import HALF, paired_interval
from undertow.audit.stats.mean_shift import mean_shift
from undertow.audit.stats.outlook import Known, clusters_until, examples_until, fewest_units

LEVEL = 0.05


def flips(lost: float, gained: float, n: float) -> tuple[float, float, float]:
    """How far the lower limit lies off the effect, the effect, its standard error."""
    low, _ = paired_interval(lost, gained, n, 2 * LEVEL, correction=HALF)
    effect = (gained - lost) / n
    return effect - float(low), effect, math.sqrt(((lost + gained) / n - effect**2) / n)


@pytest.mark.parametrize("n", [60, 300])
@pytest.mark.parametrize("shares", [(0, 0), (0.05, 0), (0.02, 0.02), (0.1, 0.05), (0.2, 0.25)])
@pytest.mark.parametrize("closer", [0.6, 0.3, 0.1])
def test_as_many_examples_as_were_forecast_bring_the_limit_near(n, shares, closer) -> None:
    lost, gained = (share * n for share in shares)
    half, effect, error = flips(lost, gained, n)
    target = closer * half
    forecast = examples_until(Known(n, error, LEVEL), half, target)

    def near(of: float) -> bool:
        return flips(lost * of / n, gained * of / n, of)[0] <= target

    assert effect == pytest.approx((gained - lost) / n)
    assert not near(0.6 * forecast)
    assert near(1.6 * forecast)


def clustered(change_K: np.ndarray, size: int, times: int):
    """Clusters of one size, each with the change as its mean, and all of them so many times."""
    change_N = np.repeat(np.tile(change_K, times), size)
    cluster_N = np.repeat(np.arange(times * len(change_K)), size)
    whole = sp.csr_array(np.ones((1, len(change_N))))
    return mean_shift(whole, change_N, 2 * LEVEL, cluster_N)


@pytest.mark.parametrize("unlike", [False, True])
@pytest.mark.parametrize("clusters", [8, 12, 13, 30])
@pytest.mark.parametrize("seed", range(3))
def test_as_many_clusters_as_were_forecast_bring_the_limit_near(unlike, clusters, seed) -> None:
    change_K = np.random.default_rng(seed).normal(0.0, 0.1, clusters)
    found = clustered(change_K, 10, 1)
    effect, low, wide_low, error = (
        float(column_G[0])
        for column_G in (found.effect_G, found.low_G, found.unseen_low_G, found.error_G)
    )
    target = 0.25 * (effect - low)
    wide = effect - wide_low if unlike else 0.0
    forecast = clusters_until(Known(clusters, error, LEVEL), effect - low, target, wide=wide)

    def near(times: int) -> bool:
        again = clustered(change_K, 10, times)
        end_G = again.unseen_low_G if unlike else again.low_G
        return float((again.effect_G - end_G)[0]) <= target

    assert not near(math.floor(0.5 * forecast / clusters))
    assert near(math.ceil(1.6 * forecast / clusters))


def test_no_forecast_is_of_what_there_is_or_less() -> None:
    known = Known(40, 0.01, LEVEL)
    assert examples_until(known, 0.02, 0.5) == 41
    assert clusters_until(known, 0.02, 0.5) == 41
    assert fewest_units(2 * LEVEL) == 5
    assert clusters_until(Known(3, 0.0, LEVEL), 1.0, 0.5) == 5
    assert clusters_until(Known(3, 0.01, LEVEL), 1.0, 0.5) in (5, 6)
    assert clusters_until(Known(8, 0.0, LEVEL), 1.0, 0.5) == 9


def test_clusters_that_all_changed_alike_leave_what_was_not_seen() -> None:
    """Nothing varies, so that limits by what was seen have no width."""
    assert clusters_until(Known(30, 0.0, LEVEL), 0.0, 0.01, wide=0.08) == pytest.approx(240, abs=1)
