"""The variance that members would have on endless examples: by loops, by hand, and planted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats.true_spread import true_spread, true_variance


def some_answers(members=5, n=8, seed=0):
    return (np.random.default_rng(seed).random((members, n)) < 0.6).astype(float)


def test_it_is_the_mean_covariance_of_two_different_examples():
    value_MN = some_answers()
    slow = np.mean(
        [
            sum(
                (value_MN[m, i] - value_MN[:, i].mean()) * (value_MN[m, j] - value_MN[:, j].mean())
                for m in range(5)
            )
            / 4
            for i in range(8)
            for j in range(8)
            if i != j
        ]
    )
    assert true_variance(value_MN).value == pytest.approx(slow)


def test_by_hand():
    """Accuracies 1, ½, 0 have variance ¼; each example's is ⅓, of which 2 · ⅓ / 4 is noise."""
    value_MN = np.array([[1, 1], [1, 0], [0, 0]])
    assert true_variance(value_MN).value == pytest.approx(2 * (1 / 4 - 1 / 6))
    assert true_spread(value_MN).value == pytest.approx(math.sqrt(1 / 6))


def test_limits_are_chi_square_over_members_and_normal_over_examples():
    value_MN = some_answers(n=40)
    mean_M, own_N = value_MN.mean(axis=1), value_MN.var(axis=0, ddof=1)
    seen, noise = mean_M.var(ddof=1), own_N.sum() / 40**2
    off = 1.959963984540054 * own_N.std(ddof=1) / 40**1.5
    least, most = (4 * seen / stats.chi2.ppf(q, 4) for q in (0.975, 0.025))
    low = max(seen - noise - math.hypot(seen - least, off), 0)
    high = seen - noise + math.hypot(most - seen, off)
    assert true_variance(value_MN)[1:] == pytest.approx((40 / 39 * low, 40 / 39 * high))


def test_a_spread_that_is_not_seen_is_nothing_with_an_upper_limit():
    """Equal accuracies vary less than chance would have them."""
    value_MN = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0]])
    assert true_variance(value_MN).value < 0
    found = true_spread(value_MN)
    assert (found.value, found.low) == (0, 0)


def test_what_is_undefined_is_nan_and_equal_members_have_none():
    for value_MN in (np.ones((1, 5)), np.ones((3, 1)), np.array([[1, np.nan], [0, 1]])):
        assert np.isnan(true_variance(value_MN)).all()
    assert true_spread(np.tile([1, 0, 1], (4, 1))) == (0, 0, 0)


def planted(rng, members=200, n=10_000, noise=0.0049, quality=0.0029):
    """Examples whose noise has this standard deviation, and members of this quality."""
    p_N = np.where(rng.random(n) < noise**2 * n / 0.25, 0.5, 0.98)
    chance_MN = p_N + quality * rng.normal(size=(members, 1)) * (p_N == 0.5) / (p_N == 0.5).mean()
    return (rng.random((members, n)) < chance_MN).astype(float)


@pytest.mark.heavy
def test_a_planted_spread_comes_back_from_under_twice_its_noise():
    """1.7 of the notes: planted .0029, raw .0057, estimate .0028."""
    worlds = [planted(np.random.default_rng(seed)) for seed in range(8)]
    raw = np.mean([value_MN.mean(axis=1).var(ddof=1) for value_MN in worlds])
    found = [true_variance(value_MN) for value_MN in worlds]
    assert math.sqrt(raw) == pytest.approx(0.0057, abs=0.0002)
    assert math.sqrt(np.mean([each.value for each in found])) == pytest.approx(0.0029, abs=0.0004)
    assert sum(each.low < 0.0029**2 < each.high for each in found) >= 7


@pytest.mark.heavy
@pytest.mark.parametrize("quality", [0.0, 0.01, 0.04])
def test_it_is_unbiased_and_its_limits_hold_the_truth(quality):
    rng, held, mean = np.random.default_rng(4), [], []
    for _ in range(1000):
        p_N = 0.1 + 0.8 * rng.beta(0.6, 0.3, 400)
        chance_MN = p_N + quality * np.clip(rng.normal(size=(10, 1)), -2.4, 2.4)
        found = true_variance((rng.random((10, 400)) < chance_MN).astype(float))
        held.append(found.low <= quality**2 <= found.high)
        mean.append(found.value)
    error = np.std(mean) / math.sqrt(1000)
    assert np.mean(mean) == pytest.approx(quality**2, abs=0.03 * quality**2 + 3 * error)
    assert 0.93 <= np.mean(held) <= 0.98
