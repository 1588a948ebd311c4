"""What answers tell of the order of classes, and of names that were exchanged: never from a few, and
never of a model that only is weak."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from undertow.records.most_answered import (
    _apart_by_chance,
    exchanged,
    most_answered,
    tells_order,
)

Ints = NDArray[np.int64]


def test_each_label_with_what_it_is_most_often_answered_as() -> None:
    label = np.array([0, 0, 0, 0, 2, 2, 2, 2, 2, -1, 1])
    answer = np.array([1, 1, 1, 0, 2, 2, 0, 0, 1, 0, -1])
    found = [column.tolist() for column in most_answered(label, answer)]
    # Of 2 and 0, answered as often, the label itself is meant.
    assert found == [[0, 2], [1, 2], [3, 2], [1, 2], [1, 2], [4, 5]]


def test_nothing_that_is_labelled_and_answered() -> None:
    none = most_answered(np.array([-1, 0]), np.array([0, -1]))
    assert [column.tolist() for column in none] == [[]] * 6
    assert not tells_order(none, 2)
    assert exchanged(none) == []


def among(each: int, classes: int, wrong: int = 0) -> tuple[Ints, Ints]:
    """``each`` examples of every class, of which ``wrong`` are answered as the next class."""
    label, place = np.arange(each * classes) % classes, np.arange(each * classes) // classes
    return label, np.where(place < wrong, (label + 1) % classes, label)


@pytest.mark.parametrize(
    ("each", "classes", "wrong", "told"),
    [(12, 2, 0, True), (11, 2, 0, False), (14, 10, 0, True), (13, 10, 0, False), (150, 3, 50, True),
     (150, 3, 51, False), (3, 100, 0, False)],
)  # fmt: skip
def test_from_how_many_answers_on_an_order_is_told(
    each: int, classes: int, wrong: int, *, told: bool
) -> None:
    assert tells_order(most_answered(*among(each, classes, wrong)), classes) is told


def test_an_order_wants_an_answer_of_its_own_for_each_label() -> None:
    label, answer = among(50, 3)
    assert not tells_order(most_answered(label, np.minimum(answer, 1)), 3)
    assert not tells_order(most_answered(label, answer), 4)


@pytest.mark.parametrize(
    ("each", "wrong", "rings"),
    [(40, 40, [[0, 1, 2]]), (40, 30, [[0, 1, 2]]), (40, 29, []), (8, 8, [[0, 1, 2]]), (7, 7, [])],
)
def test_labels_answered_as_one_another(each: int, wrong: int, rings: list[list[int]]) -> None:
    assert exchanged(most_answered(*among(each, 3, wrong))) == rings


def test_a_class_that_is_taken_for_another_has_not_its_name() -> None:
    label, answer = among(50, 4)
    assert exchanged(most_answered(label, np.where(answer == 1, 2, answer))) == []


def honest(rng: np.random.Generator) -> tuple[Ints, Ints, int]:
    """A model of 30 to 99 % accuracy that mixes classes up in one of four ways: all alike, some
    more, the two of a pair (at worst as a coin does), or for the common ones."""
    C = int(np.exp(rng.uniform(np.log(2), np.log(101))))
    N = int(np.exp(rng.uniform(np.log(50), np.log(10_000))))
    accuracy, spread = rng.uniform(max(0.3, 1 / C + 0.02), 0.99), rng.choice([5, 20, 1000])
    share_C = rng.dirichlet(np.full(C, rng.choice([0.3, 1, 3, 1000])))
    recall_C = rng.beta(accuracy * spread, (1 - accuracy) * spread, C)
    ways = [
        np.ones((C, C)),
        rng.dirichlet(np.full(C, 0.3), C) + 1e-9,
        np.tile(share_C + 1e-9, (C, 1)),
    ]
    wrong_CC = ways[rng.integers(3)].copy()
    np.fill_diagonal(wrong_CC, 0)
    wrong_CC *= ((1 - recall_C) / wrong_CC.sum(axis=1))[:, None]
    proba_CC = wrong_CC + np.diag(recall_C)
    label_N = rng.choice(C, N, p=share_C)
    drawn_N = rng.random(N)[:, None] > proba_CC.cumsum(axis=1)[label_N]
    return label_N, np.minimum(drawn_N.sum(axis=1), C - 1), C


@pytest.mark.heavy
def test_no_honest_model_has_exchanged_names_or_a_wrong_order() -> None:
    rng, told = np.random.default_rng(7), 0
    for _ in range(300):
        label_N, answer_N, C = honest(rng)
        most = most_answered(label_N, answer_N)
        if C > 2 and (label_N == answer_N).mean() >= 0.3:
            assert exchanged(most) == []
        if tells_order(most, C):
            told += 1
            assert most.answer_L.tolist() == most.label_L.tolist()
    assert told > 30


TWO = np.array([1, 0, 2, 3])


@pytest.mark.parametrize(
    ("each", "wrong", "found"), [(12, 3, [[0, 1]]), (12, 5, []), (5, 0, []), (6, 0, [[0, 1]])]
)
def test_two_names_exchanged_among_few_examples(
    each: int, wrong: int, found: list[list[int]]
) -> None:
    """Of 12 of each class 9 are right, with names of two exchanged; of 5 none is sure."""
    label, answer = among(each, 4, wrong)
    assert exchanged(most_answered(label, answer)) == []
    assert exchanged(most_answered(label, TWO[answer])) == found


def test_two_names_of_a_weak_model_could_as_well_be_its_errors() -> None:
    """36 % right; models whose errors lean one way look so more often than 1 in 1,000."""
    rng, label = np.random.default_rng(0), np.arange(1000) % 4
    answer = np.where(rng.random(1000) < 0.36, label, (label + rng.integers(1, 4, 1000)) % 4)
    assert exchanged(most_answered(label, TWO[answer])) == []


@pytest.mark.heavy
@pytest.mark.parametrize("leaning", [0.1, 0.5, 0.9])
def test_answers_that_do_not_tell_two_labels_apart_are_no_exchange(leaning: float) -> None:
    """However often one of the two is answered: at most 1 in 100."""
    rng, found = np.random.default_rng(1), 0
    for _ in range(1000):
        label = rng.integers(0, 3, 60)
        answer = np.where(label == 2, 2, (rng.random(60) < leaning).astype(int))
        found += bool(exchanged(most_answered(label, answer)))
    assert found <= 3


def test_the_chance_of_so_few_right_is_that_of_fishers_exact_test() -> None:
    for crossed, right in (((9, 8), (1, 3)), ((30, 2), (4, 0)), ((5, 5), (5, 5)), ((0, 4), (3, 0))):
        table = [[right[0], crossed[0]], [crossed[1], right[1]]]
        expected = fisher_exact(table, alternative="less").pvalue
        assert _apart_by_chance(crossed, right) == pytest.approx(expected)
