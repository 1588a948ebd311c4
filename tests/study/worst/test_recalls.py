"""Recalls and the lowest of them, against loops, and how far the lowest lies below the truth."""

from __future__ import annotations

import re

import numpy as np
import pytest

from undertow.study.worst.recalls import cross_fitted, lowest, recalls, redrawn

LABEL_N = np.array([0, 1, 2, 0, 1, 1, 2, 0, 2, 1, 0, 2])


@pytest.fixture
def right_MN():
    return np.random.default_rng(0).random((3, len(LABEL_N))) < 0.6


def test_recalls_and_the_lowest_are_those_of_loops(right_MN):
    found_MC = recalls(right_MN, LABEL_N, 3)
    for m, right_N in enumerate(right_MN):
        own = [
            np.mean([r for r, y in zip(right_N, LABEL_N, strict=True) if y == c]) for c in range(3)
        ]
        assert found_MC[m] == pytest.approx(own)
        assert lowest(found_MC)[m] == pytest.approx(min(own))
        assert lowest(found_MC, 2)[m] == pytest.approx(sum(sorted(own)[:2]) / 2)


def test_examples_are_drawn_within_classes_and_the_same_ones_for_every_arm(right_MN):
    both = [redrawn(right_MN[rows], LABEL_N, 3, 500, 7) for rows in ([0, 1, 2], [2, 0])]
    np.testing.assert_array_equal(both[0][:, [2, 0]], both[1])
    recall_MC = recalls(right_MN, LABEL_N, 3)
    np.testing.assert_allclose(both[0].mean(axis=0), recall_MC, atol=0.05)
    # a recall over four examples, drawn anew, varies by p (1 − p) / 4
    np.testing.assert_allclose(both[0].var(axis=0), recall_MC * (1 - recall_MC) / 4, atol=0.01)


def test_a_class_is_chosen_on_one_half_and_measured_on_the_other():
    """Two classes of two examples: each split is one of four, and the loop takes them all."""
    right_MN, label_N = np.array([[1, 0, 1, 1], [0, 0, 0, 1]], bool), np.array([0, 0, 1, 1])
    found = cross_fitted(right_MN, label_N, 2, splits=4000)
    for m, (a, b, c, d) in enumerate(right_MN.astype(float)):
        each = []
        for first, second in (
            ((a, c), (b, d)),
            ((a, d), (b, c)),
            ((b, c), (a, d)),
            ((b, d), (a, c)),
        ):
            each.append(second[int(np.argmin(first))])
        assert found.value_M[m] == pytest.approx(np.mean(each), abs=0.02)
    np.testing.assert_allclose(found.part_MC.sum(axis=1), 1)


def test_without_noise_plain_and_cross_fitted_are_the_truth():
    label_N = np.repeat([0, 1, 2], 40)
    right_MN = (label_N != 1)[None].repeat(2, axis=0)
    found = cross_fitted(right_MN, label_N, 3)
    assert found.value_M.tolist() == lowest(recalls(right_MN, label_N, 3)).tolist() == [0, 0]
    assert found.part_MC.tolist() == [[0, 1, 0]] * 2


@pytest.mark.parametrize(
    ("classes", "each", "true", "expected", "spread"),
    [(100, 50, 0.74, 0.578, 0.030), (10, 500, 0.93, 0.912, None), (200, 25, 0.58, 0.308, 0.040)],
)
def test_the_lowest_of_equal_recalls_is_expected_far_below_them(
    classes, each, true, expected, spread
):
    """The notes on 2206.06479, 1.10: 74 % in all of CIFAR-100's classes are 57.8 ± 3.0, 93 % in
    CIFAR-10's 91.2, 58 % in TinyImageNet's 30.8 ± 4.0."""
    recall_DC = np.random.default_rng(1).binomial(each, true, (4000, classes)) / each
    assert lowest(recall_DC).mean() == pytest.approx(expected, abs=0.001)
    if spread:
        assert lowest(recall_DC).std() == pytest.approx(spread, abs=0.002)


def test_cross_fitting_of_equal_recalls_is_not_biased():
    rng, label_N = np.random.default_rng(2), np.repeat(np.arange(20), 50)
    right_MN = rng.random((40, 1000)) < 0.74
    assert lowest(recalls(right_MN, label_N, 20)).mean() == pytest.approx(0.62, abs=0.02)
    assert cross_fitted(right_MN, label_N, 20).value_M.mean() == pytest.approx(0.74, abs=0.01)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (
            lambda right_MN: recalls(right_MN, LABEL_N, 4),
            "class 3 of 4 has no example; its recall, and so the lowest, is unknown",
        ),
        (
            lambda right_MN: lowest(recalls(right_MN, LABEL_N, 3), 4),
            "worst-4 of 3 classes; k is from 1 to their number",
        ),
        (
            lambda right_MN: cross_fitted(right_MN[:, :3], LABEL_N[:3], 3),
            "class 0 of 3 has one example; two halves need two",
        ),
        (
            lambda right_MN: cross_fitted(right_MN, LABEL_N, 3, k=0),
            "worst-0 of 3 classes; k is from 1 to their number",
        ),
    ],
)
def test_what_is_unknown_is_refused(right_MN, ask, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        ask(right_MN)
