from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats.bootstrap import bootstrap_mean


def test_the_mean_of_few_members_is_covered():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        low, high = bootstrap_mean(rng.normal(0.9, 0.01, size=5), draws=400, level=0.05, rng=rng)
        hits += low <= 0.9 <= high
    assert 0.90 <= hits / 400 <= 0.99
    assert np.isnan(bootstrap_mean(np.array([0.9]), draws=10, level=0.05, rng=rng)).all()


@pytest.mark.parametrize("members", [2, 3, 4])
def test_of_few_members_it_is_students_and_not_their_range(members: int):
    rng = np.random.default_rng(1)
    value_M = rng.normal(0.9, 0.01, size=members)
    found = bootstrap_mean(value_M, draws=400, level=0.05, rng=rng)
    error = value_M.std(ddof=1) / np.sqrt(members)
    there = stats.t.interval(0.95, members - 1, value_M.mean(), error)
    assert found == pytest.approx(there)
    assert found[0] < value_M.min() < value_M.max() < found[1]


def test_of_five_members_resamples_tell():
    rng = np.random.default_rng(2)
    value_M = np.array([0.80, 0.81, 0.82, 0.83, 0.90])
    low, high = bootstrap_mean(value_M, draws=20_000, level=0.05, rng=rng)
    assert value_M.min() < low < value_M.mean() < high < value_M.max()
    assert high - value_M.mean() > value_M.mean() - low
