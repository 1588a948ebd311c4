"""Second-split forgetting from the traces of both trainings, in both directions."""

from __future__ import annotations

import re

import numpy as np
import pytest

from traced_records import ids, record
from undertow.audit.dynamics.second_split import joint_rank, rescaled, second_split_columns
from undertow.errors import RecordError, UserError

NAN = np.nan


def masks(*examples: str) -> list[list[int]]:
    """``110 011``: one example a word, one epoch a digit."""
    return [[int(digit) for digit in word] for word in examples]


def direction(out, name, examples, learning, after):
    train = ids(*examples)
    return (
        record(out / name, train, right=learning),
        record(out / f"{name} then", train, right=after, held_out=True),
    )


def test_worked_by_hand(tmp_path):
    """The masks of the notes: forgotten at 3, at 4, never, and wrong from the start."""
    first, second = direction(
        tmp_path, "even", ("a", "b", "c", "d"),
        learning=[masks("011", "001", "111", "000")],
        after=[masks("1100", "1010", "1111", "0000")],
    )  # fmt: skip
    frame = second_split_columns([(first, second)])
    assert frame.columns == [
        "example_id", "second_split_forgetting", "first_split_learning",
        "first_split_correctness", "second_split_correctness", "joint_rank",
    ]  # fmt: skip
    assert frame["second_split_forgetting"].to_list() == [3, 4, 5, 1]
    assert frame["first_split_learning"].to_list() == [2, 3, 1, 4]
    np.testing.assert_allclose(frame["first_split_correctness"], [2 / 3, 1 / 3, 1, 0])
    np.testing.assert_allclose(frame["second_split_correctness"], [0.5, 0.5, 1, 0])
    # ranks by the second: 2.5, 2.5, 4, 1; by the first: 3, 2, 4, 1
    np.testing.assert_allclose(
        frame["joint_rank"], np.array([253, 252, 404, 101]) / (101 * 4), rtol=1e-12
    )


def test_it_is_the_mean_over_members(tmp_path):
    first, second = direction(
        tmp_path, "even", ("a",),
        learning=[masks("01"), masks("11")], after=[masks("1000"), masks("1111")],
    )  # fmt: skip
    (row,) = second_split_columns([(first, second)]).iter_rows(named=True)
    assert row["second_split_forgetting"] == (2 + 5) / 2
    assert row["first_split_learning"] == (2 + 1) / 2
    assert row["second_split_correctness"] == (1 / 4 + 1) / 2


def test_two_directions_share_the_longest_horizon(tmp_path):
    both = [
        direction(
            tmp_path, "even", ("a", "b", "c"), [masks("01", "11", "00")],
            [masks("1111", "0000", "1100")],
        ),
        direction(
            tmp_path, "odd", ("d", "e", "f"), [masks("0001", "1111", "0000")],
            [masks("11", "00", "10")],
        ),
    ]  # fmt: skip
    frame = second_split_columns(both)
    assert frame["example_id"].to_list() == ["a", "b", "c", "d", "e", "f"]
    # never is 5 in both, from the start 1; epoch 2 of 2 is as far as epoch 3 of 4
    assert frame["second_split_forgetting"].to_list() == [5, 1, 3, 5, 1, 3]
    assert frame["first_split_learning"].to_list() == [3, 1, 5, 4, 1, 5]
    # each direction is ranked by itself: by the second 3, 1, 2 in both, by the first 2, 3, 1
    expected = np.array([302, 103, 201] * 2) / 303
    np.testing.assert_allclose(frame["joint_rank"], expected, rtol=1e-12)


def test_epochs_are_those_of_the_trace(tmp_path):
    train = ids("a", "b")
    first = record(tmp_path / "even", train, right=[masks("11", "01")], every=5)
    second = record(
        tmp_path / "then", train, right=[masks("10", "11")], held_out=True, every=10
    )  # fmt: skip
    frame = second_split_columns([(first, second)])
    assert frame["second_split_forgetting"].to_list() == [20, 21]
    assert frame["first_split_learning"].to_list() == [5, 10]


def test_the_longest_horizon_is_the_last_epoch_of_a_trace(tmp_path):
    """Both were trained for 10 epochs; one trace has every epoch, one every fifth."""
    pairs = [
        (
            record(tmp_path / name, ids(name), right=[masks("0" * last + "1")], every=every),
            record(
                tmp_path / f"{name} then", ids(name), right=[masks("1" * last + "0")],
                every=every, held_out=True,
            ),
        )
        for name, last, every in (("a", 9, 1), ("b", 1, 5))
    ]  # fmt: skip
    frame = second_split_columns(pairs)
    assert frame["first_split_learning"].to_list() == [10, 10]
    assert frame["second_split_forgetting"].to_list() == [10, 10]


@pytest.mark.parametrize("seed", range(3))
def test_the_joint_rank_is_that_of_a_slow_loop(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 5, 40) / 4, rng.integers(0, 5, 40) / 4
    first[3], second[7] = NAN, NAN
    found = joint_rank(first, second)
    known = [n for n in range(40) if n not in (3, 7)]

    def rank(values, n):
        below = sum(values[other] < values[n] for other in known)
        equal = sum(values[other] == values[n] for other in known)
        return below + (equal + 1) / 2

    for n in range(40):
        if n not in known:
            assert np.isnan(found[n])
            continue
        expected = (100 * rank(second, n) + rank(first, n)) / (101 * 38)
        assert found[n] == pytest.approx(expected, rel=1e-12)
    assert 0 < np.nanmin(found) <= np.nanmax(found) <= 1


def test_the_scale_keeps_order_and_ends():
    epoch = np.arange(1.0, 7.0)
    np.testing.assert_allclose(rescaled(epoch, 5, 20), [1, 5, 9, 13, 17, 21])
    np.testing.assert_allclose(rescaled(epoch, 5, 5), epoch)


def test_what_does_not_go_together_is_refused(tmp_path):
    even = direction(tmp_path, "even", ("a", "b"), [masks("1", "1")], [masks("1", "1")])
    odd = direction(tmp_path, "odd", ("c", "d"), [masks("1", "1")], [masks("1", "1")])
    for directions, said in (
        (
            [(even[0], odd[1])],
            f"{odd[1]}: looks back at other examples than {even[0]} learned from; give a population "
            "and one that derives from it, whose data are Watching(other half, this half)",
        ),
        (
            [even, even],
            "two directions judge the training example 'a'; give each half once",
        ),
        ([], "second_split_columns([]): give one direction or two"),
    ):
        with pytest.raises(UserError) as caught:
            second_split_columns(directions)
        assert str(caught.value) == said
    with pytest.raises(RecordError, match=re.escape("has no probe 'trace-held-out'")):
        second_split_columns([(even[0], even[0])])
