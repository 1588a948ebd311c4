"""The step of a mean: what one example at least adds to the sum, if it changes at all."""

import numpy as np
import pytest

from undertow.audit.stats.resolution import ENOUGH, FINEST, step_of


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([0.0, 1.0, np.nan], 1.0),
        ([-1.0, 0.0, 1.0], 1.0),  # pairs
        ([0.0, 0.5, 1.0], 0.5),
        ([0.2, 0.25, 0.9], 0.05),
        ([0.3, 0.1 + 0.2, 0.7], 0.4),  # rounding is no step
        ([0.0, 1.0, 1 / 3, 0.33333334], 1 / 3),  # as in single precision
        ([0.4, 0.4], 1.0),  # nothing tells
        ([np.nan], 1.0),
    ],
)
def test_it_is_the_least_distance_between_two_values(values: list[float], step: float):
    assert step_of(np.array([values])) == pytest.approx(step)


def test_both_sides_are_looked_at():
    assert step_of(np.array([[0.0, 1.0]]), np.array([[0.75]])) == 0.25


def test_what_is_nearer_than_rounding_is_equal_and_enough_is_enough():
    assert step_of(np.array([[0.0, FINEST / 2, 0.5]])) == pytest.approx(0.5, abs=1e-5)
    late = np.zeros((1, ENOUGH + 1))
    late[0, -1] = 0.5
    assert step_of(late) == 1.0
