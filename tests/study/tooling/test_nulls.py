"""Right answers dealt out anew: what stays, what is as likely as it should be, and that ranks are
exact."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest

from undertow.study.tooling.nulls import NULLS, independent, same_accuracies


def some_right(members=5, n=40, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((members, n)) < rng.beta(0.6, 0.3, n)


@pytest.mark.parametrize("name", NULLS)
@pytest.mark.parametrize("members", [1, 2, 3, 6])
def test_as_many_members_are_right_on_each_example_as_were(name, members):
    right_MN = some_right(members)
    drawn = list(NULLS[name](right_MN, 7, np.random.default_rng(0)))
    assert len(drawn) == 7
    for drawn_MN in drawn:
        np.testing.assert_array_equal(drawn_MN.sum(axis=0), right_MN.sum(axis=0))


def test_members_keep_their_accuracy_where_that_is_the_null():
    right_MN = some_right()
    draws = [d.copy() for d in same_accuracies(right_MN, 9, np.random.default_rng(0))]
    for drawn_MN in draws:
        np.testing.assert_array_equal(drawn_MN.sum(axis=1), right_MN.sum(axis=1))
    assert len({drawn_MN.tobytes() for drawn_MN in draws}) == 9


def test_what_is_given_stays_as_it_was():
    right_MN = some_right()
    kept = right_MN.copy()
    for null in NULLS.values():
        list(null(right_MN, 3, np.random.default_rng(0)))
    np.testing.assert_array_equal(right_MN, kept)


def with_these_margins(right_MN):
    """All arrays with the row and column sums of this one."""
    shape, rows, columns = right_MN.shape, right_MN.sum(axis=1), right_MN.sum(axis=0)
    arrays = (np.array(bits).reshape(shape) for bits in product([0, 1], repeat=right_MN.size))
    return [a for a in arrays if (a.sum(axis=1) == rows).all() and (a.sum(axis=0) == columns).all()]


def test_all_arrays_of_the_same_accuracies_are_equally_likely():
    right_MN = np.array([[1, 1, 0, 1], [1, 0, 1, 0], [0, 0, 1, 0]], dtype=bool)
    there, draws = with_these_margins(right_MN), 6000
    counted = Counter(
        d.tobytes() for d in same_accuracies(right_MN, draws, np.random.default_rng(1))
    )
    assert set(counted) == {a.astype(bool).tobytes() for a in there}
    assert len(there) > 4
    for count in counted.values():
        assert count == pytest.approx(draws / len(there), rel=0.12)


def test_all_sets_of_members_are_equally_likely_where_errors_are_independent():
    right_MN = np.array([[1, 1], [1, 0], [0, 0], [0, 0]], dtype=bool)
    draws = 6000
    counted = Counter(d.tobytes() for d in independent(right_MN, draws, np.random.default_rng(2)))
    assert len(counted) == 6 * 4
    for count in counted.values():
        assert count == pytest.approx(draws / 24, rel=0.25)
