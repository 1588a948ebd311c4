import math

import pytest

from undertow.lab.recipe import Recipe
from undertow.lab.trainings.learning_rate import learning_rate


def rates(steps=10, **settings):
    return [
        learning_rate(Recipe(epochs=1, lr=1.0, **settings), step, steps) for step in range(steps)
    ]


def test_constant_stays():
    assert rates(schedule="constant") == [1.0] * 10


def test_cosine_starts_at_the_peak_and_ends_near_zero():
    got = rates(schedule="cosine")
    assert (got[0], got[5]) == (1.0, pytest.approx(0.5))
    assert got[9] == pytest.approx(0.5 * (1 + math.cos(0.9 * math.pi)))


def test_linear_after_a_linear_warm_up():
    assert rates(schedule="linear", warmup=0.2) == pytest.approx(
        [0.5, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8]
    )


def test_steps_multiply_at_their_fractions_of_all_training():
    assert rates(schedule="steps", milestones=(0.3, 0.6), decay=0.1) == pytest.approx(
        [1] * 3 + [0.1] * 3 + [0.01] * 4
    )


def test_warming_up_for_the_whole_training_ends_at_the_peak():
    assert rates(schedule="cosine", warmup=1.0)[-1] == 1.0
