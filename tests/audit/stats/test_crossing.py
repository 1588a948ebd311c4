"""Crossings of many functions at once, beside halving."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtri

from undertow.audit.stats.crossing import PATIENCE, RESOLUTION, STEPS, crossing
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


def counts(rng: np.random.Generator, several: int) -> np.ndarray:
    """Lost, gained, n: few of many, and nearly all of few, where the score has its kinks."""
    n = np.round(10 ** rng.uniform(1, 5, several))
    lost = np.minimum(rng.integers(0, 60, several), n)
    gained = np.minimum(rng.integers(0, 60, several), n - lost)
    drawn = zip(lost, gained, n, strict=True)
    return np.array([*COUNTS, (1, 22, 23), (3, 45, 50), (1, 54, 58), *drawn]).T


@pytest.mark.heavy
@pytest.mark.parametrize("correction", [0.0, HALF])
@pytest.mark.parametrize("level", [10.0**-k for k in range(3, 16)])
@pytest.mark.parametrize("sign", [1, -1])
def test_at_small_levels_it_is_where_brent_ends(correction, level, sign):
    target = -sign * float(ndtri(level / 2))
    lost, gained, n = counts(np.random.default_rng(0), 40)
    effect = (gained - lost) / n
    low, high = (np.full_like(effect, -1.0), effect) if sign > 0 else (effect, np.ones(len(n)))
    found = crossing(lambda d: _score(lost, gained, n, correction, d) - target, low, high)
    for g in range(len(n)):

        def one(delta: float, g: int = g) -> float:
            of = (np.array([a]) for a in (lost[g], gained[g], n[g]))
            score = _score(*of, correction, np.array([delta]))[0] - target
            return float(np.clip(score, -1e9, 1e9))

        if one(low[g]) <= 0 or one(high[g]) >= 0:
            wanted = low[g] if one(low[g]) <= 0 else high[g]
        else:
            wanted = brentq(one, low[g], high[g], xtol=1e-300, rtol=2 * RESOLUTION)
        assert found[g] == pytest.approx(wanted, rel=1e-11, abs=1e-15)


def test_a_crossing_that_takes_more_than_a_hundred_steps_is_as_sharp():
    """Interpolation is sure of itself beside a low step, and creeps."""
    found = crossing(lambda x: np.where(x < 1e-20, 1.0, -1e-3), np.array([-1.0]), np.array([2.0]))
    assert abs(found[0] - 1e-20) <= RESOLUTION**2


@pytest.mark.parametrize("height", [1e-300, 1e-9, 1.0, 1e9])
@pytest.mark.parametrize("place", [0.0, 1e-30, 1e-9, 0.3])
def test_every_bracket_up_to_a_million_ends_in_the_steps_allowed(height, place):
    calls = []

    def falling(x):
        calls.append(x)
        return np.where(x < place, 1.0, -height) * np.abs(x - place) ** 3

    found = crossing(falling, np.array([-1e6, -1.0]), np.array([1e6, 2.0]))
    assert np.abs(found - place).max() <= 2 * RESOLUTION * max(place, RESOLUTION)
    assert len(calls) <= 2 + (PATIENCE + 1) * np.log2(2e6 / RESOLUTION**2) < STEPS


def test_a_bracket_that_stays_wide_is_no_crossing():
    with pytest.raises(ArithmeticError) as caught:
        crossing(lambda x: -np.sign(x), np.array([-1e300, -1.0]), np.array([1e300, 2.0]))
    assert str(caught.value) == (
        "no crossing within 500 steps: 1 of 2 brackets are still wide, the widest 1.22197e+150"
    )


@pytest.mark.parametrize("fewer", [(0.4, 0.001), (0.5, 0.001), (0.001, 0.4), (0.4, 0.01)])
def test_the_bracket_halves_in_four_steps_whatever_the_function(fewer):
    """One that makes itself up: it crosses 0 in the larger part, and what it says there shrinks."""
    end, value, widths = [-1.0, 2.0], [1.0, -1.0], []

    def falling(x):
        side = int(x[0] - end[0] >= end[1] - x[0])
        if end[0] < x[0] < end[1]:
            end[side], value[side] = float(x[0]), value[side] * fewer[side]
            widths.append(end[1] - end[0])
        return np.array([value[side]])

    crossing(falling, np.array([-1.0]), np.array([2.0]))
    assert len(widths) > 50
    for before, after in zip(widths, widths[PATIENCE + 1 :], strict=False):
        assert after <= before / 2 + 4 * RESOLUTION
