"""What two sets have in common, against counting and against sets drawn one by one."""

import math

import numpy as np
import pytest

from undertow.study.grid.overlap import overlap


def mask(chosen, N):
    return np.isin(np.arange(N), chosen)


@pytest.mark.parametrize(
    ("first", "second", "jaccard"),
    [([0, 1], [0, 1], 1), ([0, 1], [2, 3], 0), ([0, 1, 2], [2, 3], 1 / 4), ([], [5], 0)],
)
def test_the_index_counts_what_is_in_both_and_in_either(first, second, jaccard):
    found = overlap(mask(first, 9), mask(second, 9), np.zeros(9, dtype=int))
    assert found.jaccard == pytest.approx(jaccard)


def test_two_empty_sets_have_no_index():
    found = overlap(mask([], 4), mask([], 4), np.zeros(4, dtype=int))
    assert all(map(math.isnan, found))


def test_chance_is_what_sets_drawn_within_classes_have():
    rng = np.random.default_rng(3)
    class_N = rng.integers(0, 4, 200)
    first, second = (rng.random(200) < np.array([0.5, 0.1, 0.02, 0.3])[class_N] for _ in range(2))
    index = []
    for _ in range(3000):
        drawn = np.zeros(200, dtype=bool)
        for c in range(4):
            inside = np.flatnonzero(class_N == c)
            drawn[rng.choice(inside, second[inside].sum(), replace=False)] = True
        index.append((first & drawn).sum() / (first | drawn).sum())
    found = overlap(first, second, class_N)
    assert found.chance == pytest.approx(np.mean(index), abs=0.005)
    assert (found.chance_low, found.chance_high) == pytest.approx(
        np.quantile(index, (0.025, 0.975)), abs=0.015
    )


def test_sets_that_fill_one_class_have_as_much_in_common_by_chance():
    class_N = np.repeat([0, 1], [10, 990])
    whole = class_N == 0
    found = overlap(whole, whole, class_N)
    assert (found.jaccard, found.chance, found.chance_low) == (1, 1, 1)
    without = overlap(whole, whole, np.zeros(1000, dtype=int))
    assert without.chance < 0.02


def test_it_is_told_with_what_chance_gives():
    found = overlap(mask([0, 1], 4), mask([1, 2], 4), np.zeros(4, dtype=int))
    assert found.said == f"0.33 ({found.chance:.2f})"
