"""Crossings of many functions at once, beside halving."""

from __future__ import annotations

import numpy as np
import pytest

from undertow.audit.stats.crossing import STEPS, crossing
from undertow.audit.stats.mcnemar import HALF, _score

COUNTS = [(30, 12, 500), (1, 0, 40), (0, 7, 50), (9, 9, 60), (3, 1, 10), (0, 0, 7), (5, 0, 5)]


def halved(falling, low, high):
    for _ in range(60):
        middle = (low + high) / 2
        above = falling(middle) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2


@pytest.mark.parametrize("correction", [0.0, HALF])
@pytest.mark.parametrize("target", [-4.0, -1.96, 1.96, 4.0])
def test_it_is_where_halving_ends(correction, target):
    lost, gained, n = np.array(COUNTS, dtype=float).T
    calls = []

    def falling(delta):
        calls.append(delta)
        return _score(lost, gained, n, correction, delta) - target

    effect = (gained - lost) / n
    ends = (np.full(7, -1.0), effect) if target > 0 else (effect, np.ones(7))
    found = crossing(falling, *ends)
    assert len(calls) < 30
    np.testing.assert_allclose(found, halved(falling, *ends), rtol=0, atol=1e-12)


def test_jumps_and_ends_on_the_wrong_side():
    low, high = np.full(4, -1.0), np.full(4, 2.0)

    def falling(x):
        return np.array([0.3, 0.0, 5.0, -5.0]) - x > np.zeros(4)

    found = crossing(lambda x: np.where(falling(x), 1.0, -1.0), low, high)
    np.testing.assert_allclose(found, [0.3, 0.0, 2.0, -1.0], atol=1e-15)


def test_what_is_no_number_ends_at_once():
    calls = []
    found = crossing(lambda x: calls.append(x) or x, np.array([np.nan]), np.array([1.0]))
    assert np.isnan(found).all()
    assert len(calls) < STEPS / 10
