"""Forecasts against what comes where there is as much more of the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from undertow.audit.stats.combined import Part, half_width, sides
from undertow.audit.stats.mcnemar import HALF, paired_interval
from undertow.audit.stats.mean_shift import mean_shift
from undertow.audit.stats.outlook import (
    Known,
    clusters_until,
    examples_until,
    fewest_units,
    members_until,
)

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


@pytest.mark.heavy
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


def members_half(m_ref: int, m_var: int, paired: bool, fixed: float) -> float:
    """Half the width that ``two_way`` gives members who spread by .02 on either side, pairs by
    .02, over examples whose limits lie ``fixed`` off."""
    one_G = np.array([0.02**2])
    parts = (
        [Part(one_G / m_ref, m_ref - 1.0)]
        if paired
        else sides(one_G / m_ref, one_G / m_var, m_ref, m_var)
    )
    if min(m_ref, m_var) < 2 and not paired:
        parts = [Part(one_G * (1 / m_ref + 1 / m_var), max(m_ref, m_var) - 1.0)]
    return math.hypot(float(half_width(parts, 2 * LEVEL)[0]), fixed)


@pytest.mark.parametrize(
    ("m_ref", "m_var", "paired"),
    [(2, 2, False), (3, 3, False), (8, 8, False), (3, 9, False), (1, 6, False), (3, 3, True)],
)
@pytest.mark.parametrize("fixed", [0.0, 0.004])
def test_as_many_members_as_were_forecast_bring_the_limit_near(m_ref, m_var, paired, fixed) -> None:
    """The first number that does: Student's quantile of two or three shrinks too."""
    half = members_half(m_ref, m_var, paired, fixed)
    for target in (0.6 * half, 0.006, 0.3 * half):
        if target <= fixed:
            continue
        forecast = members_until(half, target, (m_ref, m_var), LEVEL, paired=paired, fixed=fixed)
        assert members_half(forecast, forecast, paired, fixed) <= target * (1 + 1e-9)
        if forecast > max(min(m_ref, m_var) + 1, max(m_ref, m_var)):
            assert members_half(forecast - 1, forecast - 1, paired, fixed) > target


def test_members_are_more_than_there_are() -> None:
    assert members_until(0.01, 0.5, (3, 7), LEVEL, paired=False) == 7
    assert members_until(0.01, 0.5, (4, 4), LEVEL, paired=False) == 5


@pytest.mark.parametrize("m", [3, 5])
def test_members_of_unlike_spread_are_forecast_by_the_freedom_that_their_limit_had(m: int) -> None:
    """One side does all the varying: Student's quantile has m − 1 degrees of freedom, now and
    then."""

    def half(size: int) -> float:
        return float(stats.t.isf(LEVEL, size - 1)) * 0.03 / math.sqrt(size)

    target = 0.4 * half(m)
    forecast = members_until(
        half(m), target, (m, m), LEVEL, paired=False, error=0.03 / math.sqrt(m)
    )
    assert half(forecast) <= target < half(forecast - 1)
    alike = members_until(half(m), target, (m, m), LEVEL, paired=False)
    assert alike > forecast


def test_a_limit_wider_or_narrower_than_any_students_is_taken_as_the_nearest() -> None:
    for error, other in ((1e-6, 0.05 / stats.t.isf(LEVEL, 2)), (1.0, 0.0)):
        found = [
            members_until(0.05, 0.02, (3, 3), LEVEL, paired=False, error=e) for e in (error, other)
        ]
        assert found[0] == found[1]
