"""Instruments on vectors that are worked by hand, and what each says where there is nothing to say."""

from __future__ import annotations

import numpy as np
import pytest

import traces
from undertow.audit.dynamics.instruments import (
    aum,
    correctness,
    el2n,
    forgetting,
    iteration_learned,
    mean_p_label,
    rate_of_learning,
    right_for_good,
    variability,
    wrong_for_good,
)

NAN = np.nan


def right(text: str) -> np.ndarray:
    """``0 1 - 1``: wrong, right, not seen, right."""
    return np.array([[[NAN if mark == "-" else float(mark) for mark in text.split()]]])


def epochs(count: int, every: int = 1) -> np.ndarray:
    return every * np.arange(1, count + 1)


def test_el2n_of_the_notes():
    """p = (.7, .2, .1): label 0 → .3741657387; label 2 → 1.1575836903."""
    logits_MNEC = np.log([[[[0.7, 0.2, 0.1]], [[0.7, 0.2, 0.1]]]])
    traced = traces.traced(logits_MNEC, np.array([0, 2]))
    np.testing.assert_allclose(el2n.of(traced), [[0.3741657387, 1.1575836903]], atol=5e-11)


def test_el2n_is_of_the_epoch_that_is_called_early():
    error_MNE = np.array([[[0.9, NAN, 0.3]]])
    assert el2n(error_MNE, epochs(3, 5), 15) == 0.3
    assert np.isnan(el2n(error_MNE, epochs(3, 5), 10))


def test_aum_of_the_notes():
    """Logits (2, 1, 0), (0, 3, 1), (4, 1, 3.5) and label 0: margins 1, −3, .5, so −.5."""
    logits_MNEC = np.array([[[[2, 1, 0], [0, 3, 1], [4, 1, 3.5]]]], dtype=float)
    traced = traces.traced(logits_MNEC, np.array([0]))
    np.testing.assert_array_equal(traced.margin_MNE, [[[1, -3, 0.5]]])
    assert aum.of(traced) == -0.5
    assert aum(np.array([[[1.0, NAN, 0.5]]])) == 0.75


@pytest.mark.parametrize(
    ("seen", "events"),
    [
        ("0 1 1 0 1 0 0 1 1", 2),  # The notes' vector.
        ("1 1 1", 0),
        ("0 0 1", 0),
        ("0 0 0", 3),  # Never learned: more than any count of three epochs.
        ("1 - 0 1", 1),  # From one presentation to the next.
        ("1 0 - -", 1),
        ("- 0 -", 3),
        ("- - -", NAN),
    ],
)
def test_forgetting_events(seen: str, events: float):
    np.testing.assert_array_equal(forgetting(right(seen)), [[events]])


def test_cartography_of_the_notes():
    """p_y = .2 .5 .9 .4 .8: confidence .56, variability .2576819745."""
    p_label_MNE = np.array([[[0.2, 0.5, 0.9, 0.4, 0.8]]])
    assert mean_p_label(p_label_MNE) == pytest.approx(0.56, abs=1e-12)
    assert variability(p_label_MNE) == pytest.approx(0.2576819745, abs=5e-11)
    with_gaps = np.insert(p_label_MNE, [0, 2], NAN, axis=-1)
    assert mean_p_label(with_gaps) == pytest.approx(0.56, abs=1e-12)
    assert variability(with_gaps) == pytest.approx(0.2576819745, abs=5e-11)


def test_one_epoch_does_not_vary():
    assert np.isnan(variability(np.array([[[0.4, NAN]]])))
    assert mean_p_label(np.array([[[0.4, NAN]]])) == 0.4


def test_correctness_is_the_share_of_epochs_that_saw_the_example():
    assert correctness(right("0 1 1 0 1 0 0 1 1")) == 5 / 9
    assert correctness(right("0 - 1 -")) == 0.5


@pytest.mark.parametrize(
    ("answers", "epoch"),
    [
        ([2, 1, 1, 1], 20),
        ([1, 1, 1, 1], 10),
        ([1, 1, 1, 2], 40),
        ([1, 2, -1, 1], 40),
        ([2, -1, 1, -1], 30),
        ([-1, 1, 1, 1], 20),
        ([-1, -1, -1, -1], NAN),
    ],
)
def test_an_iteration_is_learned_by_the_last_answer_right_or_wrong(answers, epoch):
    found = iteration_learned(np.array([[answers]]), epochs(4, 10))
    np.testing.assert_array_equal(found, [[epoch]])


@pytest.mark.parametrize(
    ("seen", "epoch"),
    [("0 1 0 1", 40), ("1 1 1 1", 10), ("0 1 1 0", 41), ("0 0 0 0", 41), ("0 1 - -", 20),
     ("- 1 - 1", 20), ("- - - -", NAN)],
)  # fmt: skip
def test_right_for_good(seen: str, epoch: float):
    np.testing.assert_array_equal(right_for_good(right(seen), epochs(4, 10)), [[epoch]])


@pytest.mark.parametrize(
    ("seen", "epoch"),
    [("1 1 0 0", 30), ("1 0 1 0", 40), ("1 1 1 1", 41), ("0 0 0 0", 10), ("0 0 1 1", 41),
     ("1 0 - -", 20), ("- 0 - 0", 20), ("- - - -", NAN)],
)  # fmt: skip
def test_wrong_for_good(seen: str, epoch: float):
    """Forgotten at the third epoch; at the last; never; from the start …"""
    np.testing.assert_array_equal(wrong_for_good(right(seen), epochs(4, 10)), [[epoch]])


@pytest.mark.parametrize(
    ("p", "window", "slope"),
    [
        ([0.1, 0.2, 0.3, 0.4], (1, 4), 0.1),
        ([0.9, 0.6, 0.3, 0.0], (1, 4), -0.3),
        ([0.5, 0.5, 0.5, 0.5], (1, 4), 0.0),
        ([0.0, 0.0, 0.0, 1.0], (1, 4), 0.3),  # (−1.5·0 − .5·0 + .5·0 + 1.5·1) / 5
        ([0.0, NAN, NAN, 0.9], (1, 4), 0.3),
        ([0.7, 0.2, 0.4, 0.1], (2, 3), 0.2),
        ([0.7, 0.2, 0.4, 0.1], (3, 9), -0.3),
        ([NAN, NAN, 0.4, NAN], (1, 4), NAN),
        ([0.7, NAN, 0.4, 0.1], (1, 2), NAN),
        ([NAN, NAN, NAN, NAN], (1, 4), NAN),
    ],
)
def test_the_rate_of_learning_is_the_slope_within_the_window(p, window, slope):
    found = rate_of_learning(np.array([[p]]), epochs(4), window)
    np.testing.assert_allclose(found, [[slope]], atol=1e-15)


def test_the_rate_of_learning_is_per_epoch_whatever_the_trace_leaves_out():
    p_MNE = np.array([[[0.1, 0.2, 0.4]]])
    every, fifth = (rate_of_learning(p_MNE, epochs(3, by), (1, 15)) for by in (1, 5))
    np.testing.assert_allclose(every, [[0.15]], atol=1e-15)
    np.testing.assert_allclose(fifth, [[0.03]], atol=1e-15)


def test_the_rate_of_learning_of_the_longest_step_is_at_the_end_of_its_range():
    assert rate_of_learning(np.array([[[0.0, 1.0, NAN]]]), epochs(3), (1, 3)) == 1
    assert rate_of_learning(np.array([[[1.0, 0.0, NAN]]]), epochs(3), (1, 3)) == -1
