"""The tail of a mean of draws, against the exact one by convolution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats.saddlepoint import deviate

STEP = 0.1
"""Values are multiples of it, so that sums of them are too and can be told exactly."""
VALUES = STEP * np.arange(-10, 11)


def exact_tails(weight_V, n):
    """P(sum ≥ s) for every sum s of n draws from ``VALUES``, and those sums."""
    chance_S = np.array([1.0])
    for _ in range(n):
        chance_S = np.convolve(chance_S, weight_V)
    sum_S = STEP * (np.arange(len(chance_S)) - 10 * n)
    return sum_S, np.cumsum(chance_S[::-1])[::-1]


def centred(*chances):
    """Weights on ``VALUES`` by (value, chance), the rest on the one value that makes the mean 0."""
    weight_V, rest = np.zeros(len(VALUES)), 1 - sum(chance for _, chance in chances)
    balance = -sum(value * chance for value, chance in chances) / rest
    at = round(balance / STEP) + 10
    assert VALUES[at] == pytest.approx(balance, abs=1e-9)
    for value, chance in chances:
        weight_V[round(value / STEP) + 10] += chance
    weight_V[at] += rest
    return weight_V


DRAWS = {
    "even": centred((-0.1, 0.25), (0.1, 0.25)),
    "rare and far below": centred((-1.0, 0.1), (0.2, 0.4), (0.1, 0.2)),
    "rare and far above": centred((1.0, 0.1), (-0.2, 0.4), (-0.1, 0.2)),
    "two values": centred((-0.9, 0.1)),
}


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("n", [40, 160])
def test_is_the_exact_tail(name, n):
    """At half a step below each sum, as a lattice asks for, to a twentieth of a standard error or
    so; at the end of what can be drawn at all it errs most, and says that it is less rare than it
    is."""
    weight_V = DRAWS[name]
    sum_S, tail_S = exact_tails(weight_V, n)
    step = 1.0 if name == "two values" else STEP
    looked_S = (tail_S > 1e-5) & (tail_S < 0.2) & (sum_S > 0) & (np.diff(tail_S, append=0.0) < 0)
    mean_S = (sum_S[looked_S] - step / 2) / n
    rows = np.ones((len(mean_S), 1))
    found_S = deviate(rows * weight_V, rows * VALUES, mean_S, np.full(len(mean_S), float(n)))
    assert len(mean_S) >= 2
    off_S = found_S - stats.norm.isf(tail_S[looked_S])
    assert off_S.max() < 0.03
    assert off_S.min() > -0.1


def test_a_skewed_tail_is_not_the_normal_one():
    """Losses of .9 in one of ten: 40 draws of 40 without one have a chance of .9 ** 40, and so
    on."""
    weight_V = DRAWS["two values"]
    variance = weight_V @ VALUES**2
    normal = stats.norm.sf((0.1 - 0.5 / 40) / np.sqrt(variance / 40))
    found = stats.norm.sf(
        deviate(weight_V[None], VALUES[None], np.array([0.1 - 0.5 / 40]), np.array([40.0]))
    )[0]
    assert 0.9**40 < found < 1.2 * 0.9**40
    assert normal > 1.5 * found


def test_near_the_middle_and_where_nothing_varies():
    weight_V = DRAWS["rare and far below"]
    assert deviate(weight_V[None], VALUES[None], np.zeros(1), np.array([9.0]))[0] == 0
    still = deviate(np.ones((1, 1)), np.zeros((1, 1)), np.zeros(1), np.array([9.0]))
    assert still[0] == 0


def test_a_value_that_is_never_drawn_does_not_matter():
    weight_V, value_V = np.array([0.1, 0.9]), np.array([-0.009, 0.001])
    args = np.array([0.0009]), np.array([40.0])
    there = deviate(weight_V[None], value_V[None], *args)[0]
    found = deviate(np.append(weight_V, 0.0)[None], np.append(value_V, 5.0)[None], *args)[0]
    assert found == pytest.approx(there)
    assert there > 2
