"""The mixture against a slow one, and what is read off it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import betaln

from undertow.audit.examined.mixture import BINS, MIDDLE_B, counts_of, falling, fitted


def slow(standing, kinds, steps):
    """Example by example, bins apart: the same steps in loops."""
    x = [(min(int(s * BINS), BINS - 1) + 0.5) / BINS for s in standing]
    mean = [0.1 + 0.85 * k / (kinds - 1) for k in range(kinds)]
    spread, weight = [6.0] * kinds, [1 / kinds] * kinds
    for _ in range(steps):
        held = []
        for value in x:
            parts = []
            for k in range(kinds):
                a, b = mean[k] * spread[k], (1 - mean[k]) * spread[k]
                log = (a - 1) * math.log(value) + (b - 1) * math.log1p(-value) - betaln(a, b)
                parts.append(weight[k] * math.exp(log))
            held.append([part / sum(parts) for part in parts])
        for k in range(kinds):
            total = sum(row[k] for row in held)
            mean[k] = sum(row[k] * v for row, v in zip(held, x, strict=True)) / total
            around = [row[k] * (v - mean[k]) ** 2 for row, v in zip(held, x, strict=True)]
            spread[k] = mean[k] * (1 - mean[k]) / (sum(around) / total) - 1
            weight[k] = total / len(x)
    return weight, mean, spread


@pytest.mark.parametrize("kinds", [2, 3])
def test_a_fit_is_that_of_a_slow_loop(kinds: int, monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(1)
    standing = np.concatenate([rng.beta(3, 12, 40), rng.beta(9, 6, 90), rng.beta(30, 4, 170)])
    monkeypatch.setattr("undertow.audit.examined.mixture.MOST_STEPS", 12)
    monkeypatch.setattr("undertow.audit.examined.mixture.LEAST_GAIN", -np.inf)
    found = fitted(counts_of(standing), kinds)
    weight, mean, spread = slow(standing, kinds, 12)
    order = np.argsort(mean)
    np.testing.assert_allclose(found.weight_K, np.array(weight)[order], rtol=1e-9)
    np.testing.assert_allclose(found.mean_K, np.array(mean)[order], rtol=1e-9)
    np.testing.assert_allclose(found.spread_K, np.array(spread)[order], rtol=1e-7)


def test_planted_components_come_back():
    rng = np.random.default_rng(2)
    drawn = [rng.beta(2, 14, 2_000), rng.beta(12, 8, 5_000), rng.beta(45, 5, 13_000)]
    found = fitted(counts_of(np.concatenate(drawn)))
    np.testing.assert_allclose(found.weight_K, [0.1, 0.25, 0.65], atol=0.01)
    np.testing.assert_allclose(found.mean_K, [0.125, 0.6, 0.9], atol=0.01)


def test_no_example_is_believed_wrong_since_its_label_stands_better():
    posterior_BK = np.column_stack([np.abs(MIDDLE_B - 0.4), 1 - np.abs(MIDDLE_B - 0.4)])
    made_BK = falling(posterior_BK)
    assert (np.diff(made_BK[:, 0]) <= 0).all()
    np.testing.assert_allclose(made_BK.sum(axis=1), 1)
    assert made_BK[0, 0] == posterior_BK[0, 0]


def test_the_ends_of_the_scale_have_bins():
    assert counts_of(np.array([0.0, 1.0, 0.999])).tolist()[-1] == 2
    assert counts_of(np.array([0.0])).argmax() == 0
