"""The mixture against a slow one, and what is read off it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import betaln

from undertow.audit.examined.believed import believed, best_window, exact_high, separation_of
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


def heaps(wrong: int, wide: tuple[float, float], *, rare=1_500, typical=4_000, seed=0):
    """How labels stand: low ones of wrong labels, a wide heap of rare examples, a high one."""
    rng = np.random.default_rng(seed)
    drawn = [rng.beta(2, 40, wrong), rng.beta(*wide, rare), rng.beta(30, 4, typical)]
    return np.concatenate(drawn)


def test_few_wrong_labels_beside_a_wide_heap_take_four_kinds():
    at, mixture = best_window([heaps(60, (4, 4))])
    assert at == 0
    assert mixture is not None
    assert len(mixture.mean_K) == 4
    assert mixture.posterior_BK[:, 0] @ counts_of(heaps(60, (4, 4))) == pytest.approx(60, abs=15)


def test_three_kinds_are_enough_where_they_tell():
    _, mixture = best_window([heaps(300, (9, 6))])
    assert mixture is not None
    assert len(mixture.mean_K) == 3


def test_of_windows_that_tell_alike_the_first_is_taken():
    standing = heaps(300, (9, 6))
    assert best_window([standing, standing])[0] == 0
    assert best_window([np.full(400, 0.9), standing])[0] == 1
    assert best_window([np.full(400, 0.9)] * 3) == (2, None)


def test_separation_is_the_expected_f1_of_the_list():
    posterior_BK, count_B = np.zeros((BINS, 3)), np.zeros(BINS)
    posterior_BK[[0, 50, 199], 0], count_B[[0, 50, 199]] = [0.9, 0.4, 0.1], [10, 20, 70]
    hits, listed, wrong = 9, 10, 9 + 8 + 7
    assert separation_of(posterior_BK, count_B) == pytest.approx(2 * hits / (listed + wrong))
    assert separation_of(posterior_BK * 0.5, count_B) == 0


def test_limits_hold_wrong_labels_that_look_right_and_precision_has_none():
    standing = heaps(400, (9, 6), typical=12_000)
    _, mixture = best_window([standing])
    assert mixture is not None
    found = believed(standing, mixture)
    assert found.share.high >= 1.25 * found.share.value > found.share.value > found.share.low
    assert found.recall.low <= found.recall.value / 1.25
    standing = heaps(150, (2, 2), rare=500)
    _, mixture = best_window([standing])
    assert mixture is not None
    count_B, wrong_B = counts_of(standing), mixture.posterior_BK[:, 0]
    listed_B = wrong_B > 0.5
    of_list = float((wrong_B * count_B)[listed_B].sum() / count_B[listed_B].sum())
    found = believed(standing, mixture)
    assert found.precision.value == pytest.approx(of_list)
    assert (found.precision.low, found.precision.high) == (0, 1)


def test_limits_of_few_wrong_labels_hold_chance_in_which_examples_there_are():
    """More than the factor that is always there, and more than the exact limit of so many."""
    standing = heaps(80, (4, 4), seed=3)
    _, mixture = best_window([standing])
    assert mixture is not None
    share = believed(standing, mixture).share
    assert share.high > 1.3 * share.value > exact_high(share.value, len(standing))
