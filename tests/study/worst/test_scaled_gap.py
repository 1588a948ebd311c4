"""The theory's quantity: the paper's toy, an oracle by loops, and what each stand-in errs by."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from undertow.study.worst.scaled_gap import (
    beside,
    beyond_floor,
    by_bins,
    by_labels,
    floor_of_bins,
    of_others,
)
from undertow.study.worst.teachers import gaps

X_N = (np.arange(4000) + 0.5) / 4000


def toy():
    """True and taught probabilities of cats, pandas and dogs over x in [0, 1]: cats twice as
    probable as they are, everything else half as probable. Pandas are a quarter."""
    eta_NC = np.stack([np.full(4000, 1 / 3), X_N / 2, 2 / 3 - X_N / 2], axis=1)
    return eta_NC, eta_NC * np.array([2, 0.5, 0.5])


def test_a_teacher_that_never_answers_panda_may_be_perfect():
    eta_NC, p_NC = toy()
    np.testing.assert_allclose(p_NC.sum(axis=1), 1)
    assert eta_NC[:, 1].mean() == pytest.approx(1 / 4)
    assert (eta_NC.argmax(axis=1) == 1).any()
    assert not (p_NC.argmax(axis=1) == 1).any()
    found = beside(p_NC, eta_NC)
    assert found.value == pytest.approx(0, abs=1e-6)
    assert found.scale == pytest.approx(1, abs=1e-6)


def test_the_papers_toy_as_printed():
    """Half of x are cats, a quarter pandas; p of a cat is 2 η, which with E η = 1/2 is no
    probability unless η is constant: rows need not sum to 1, as only p / E p counts."""
    eta_N2 = np.stack([0.25 + X_N / 2, 0.5 - X_N / 2], axis=1)
    assert eta_N2.mean(axis=0) == pytest.approx([0.5, 0.25])
    p_N2 = eta_N2 * np.array([2, 0.5])
    assert (eta_N2.argmax(axis=1) == 1).any()
    assert not (p_N2.argmax(axis=1) == 1).any()
    assert beside(p_N2, eta_N2).value == pytest.approx(0, abs=1e-6)


def by_loop(p_NC, eta_NC):
    """On a grid of τ."""
    best = np.inf
    for scale in np.linspace(0, 2, 501):
        far = []
        for y in range(p_NC.shape[1]):
            mine, true = p_NC[:, y].tolist(), eta_NC[:, y].tolist()
            at = [abs(scale * p / (sum(mine) / 8) - e / (sum(true) / 8)) for p, e in zip(mine, true, strict=True)]  # fmt: skip
            far.append(sum(at) / 8)
        best = min(best, max(far))
    return best


def test_it_is_the_least_over_scales_of_the_furthest_class():
    rng = np.random.default_rng(0)
    p_NC, eta_NC = rng.dirichlet([0.5] * 3, 8), rng.dirichlet([2] * 3, 8)
    found = beside(p_NC, eta_NC)
    assert found.value == pytest.approx(by_loop(p_NC, eta_NC), abs=4e-3)
    each_C = np.abs(found.scale * p_NC / p_NC.mean(0) - eta_NC / eta_NC.mean(0)).mean(0)
    assert found.furthest == each_C.argmax()
    label_N = np.array([0, 1, 2, 0, 1, 2, 0, 0])
    assert by_labels(p_NC, label_N).value == pytest.approx(
        by_loop(p_NC, np.eye(3)[label_N]), abs=4e-3
    )


def test_a_teacher_that_no_scale_brings_nearer_has_a_gap_of_exactly_one():
    """Two such teachers are equally far, and not in an order that rounding makes."""
    label_N = np.arange(60) % 3
    for seed in range(4):
        p_NC = np.random.default_rng(seed).dirichlet([0.02] * 3, 60)
        p_NC[:3] = np.eye(3)[[1, 2, 0]]
        found = by_labels(np.roll(np.eye(3)[label_N], 1, axis=1) * 0.98 + p_NC * 0.02, label_N)
        assert (found.value, found.scale) == (1.0, 0.0)


def drawn(p_NC, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((len(p_NC), 1)) > np.cumsum(p_NC, axis=1)[:, :-1]).sum(axis=1)


def test_labels_ask_much_of_a_perfect_teacher_and_little_of_one_that_is_too_sure():
    eta_NC, _ = toy()
    label_N = drawn(eta_NC)
    perfect = by_labels(eta_NC, label_N).value
    noise = (2 * eta_NC * (1 - eta_NC)).mean(axis=0) / eta_NC.mean(axis=0)
    assert 0.9 < perfect <= noise.max() + 0.05
    sharp_NC = np.random.default_rng(1).dirichlet([0.05] * 3, 4000)
    sure_NC = sharp_NC**8 / (sharp_NC**8).sum(axis=1, keepdims=True)
    label_N = drawn(sharp_NC, 2)
    assert beside(sharp_NC, sharp_NC).value < beside(sure_NC, sharp_NC).value - 0.02
    assert by_labels(sure_NC, label_N).value < by_labels(sharp_NC, label_N).value


@pytest.mark.heavy
def test_bins_without_noise_are_at_most_the_gap_and_their_floor_is_that_of_no_gap():
    eta_NC, _ = toy()
    warped_NC = eta_NC**2 / (eta_NC**2).sum(axis=1, keepdims=True)
    label_N = drawn(eta_NC)
    floor = floor_of_bins(eta_NC)
    assert by_bins(eta_NC, label_N).value == pytest.approx(floor, abs=0.03)
    true = beside(warped_NC, eta_NC).value
    raw, floor = by_bins(warped_NC, label_N).value, floor_of_bins(warped_NC)
    found = beyond_floor(warped_NC, label_N)
    assert found == pytest.approx(math.sqrt(raw**2 - floor**2))
    assert found == pytest.approx(true, abs=0.02)
    assert true > 0.1


def test_bins_are_of_equally_many_examples():
    p_NC, label_N = np.random.default_rng(3).dirichlet([1, 1], 20), np.arange(20) % 2
    whole = []
    for y in range(2):
        order = sorted(range(20), key=lambda n: p_NC[n, y])
        per_bin = [(p_NC[b, y].mean() / p_NC[:, y].mean(), (label_N[b] == y).mean() / 0.5) for b in np.array_split(order, 4)]  # fmt: skip
        whole.append(per_bin)
    grid = [max(np.mean([abs(s * p - q) for p, q in bins]) for bins in whole) for s in np.linspace(0, 2, 4001)]  # fmt: skip
    assert by_bins(p_NC, label_N, bins=4).value == pytest.approx(min(grid), abs=1e-3)


def test_others_are_all_but_oneself():
    p_MNC = np.random.default_rng(4).dirichlet([1, 1, 1], (3, 5))
    found = of_others(p_MNC)
    np.testing.assert_allclose(found[1], (p_MNC[0] + p_MNC[2]) / 2)


@pytest.mark.heavy
def test_the_teacher_that_differs_from_all_others_has_the_largest_gap():
    eta_NC, _ = toy()
    rng = np.random.default_rng(5)
    warped_NC = eta_NC**3 / (eta_NC**3).sum(axis=1, keepdims=True)
    p_MNC = np.stack([eta_NC, eta_NC, warped_NC, eta_NC]) * rng.uniform(0.95, 1.05, (4, 4000, 3))
    p_MNC /= p_MNC.sum(axis=2, keepdims=True)
    found = gaps(p_MNC, drawn(eta_NC))
    assert list(found) == ["labels", "bins", "others"]
    assert found["others"].argmax() == found["bins"].argmax() == 2
    assert list(gaps(p_MNC[:1], drawn(eta_NC))) == ["labels", "bins"]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (
            lambda: by_labels(np.full((4, 2), 0.5), np.zeros(4, int)),
            "there is nothing of class 1",
        ),
        (
            lambda: by_labels(np.array([[1.0, 0]] * 2), np.arange(2)),
            "the teacher gives nothing of class 1",
        ),
        (
            lambda: of_others(np.ones((1, 2, 2))),
            "1 teacher has no others to be set beside; train two or more",
        ),
    ],
)
def test_what_is_undefined_is_refused(ask, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        ask()
