"""A column of both files that tells what the models made of the examples: said, not refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.typing import ArrayLike, NDArray

from undertow.audit import Settings, audit
from undertow.audit.slices.own_output import says_right
from worlds import records_from

N = 900
RNG = np.random.default_rng(0)
LABEL_N = RNG.integers(0, 3, N)
SITE_N = np.array(["north", "south", "east"])[RNG.integers(0, 3, N)]


def answers(share: float) -> NDArray[np.int64]:
    wrong_N = RNG.random(N) < share
    return np.where(wrong_N, (LABEL_N + RNG.integers(1, 3, N)) % 3, LABEL_N)


OLD_N, NEW_N = answers(0.12), answers(0.12)
OLD_RIGHT_N, NEW_RIGHT_N = OLD_N == LABEL_N, NEW_N == LABEL_N
LOST_N = OLD_RIGHT_N & ~NEW_RIGHT_N
IF = (
    ": if it was made from the answers and does not say what an example is, what is said of its "
    "slices is no finding."
)


def noticed(columns: dict[str, ArrayLike], *by: str, members: int = 1) -> tuple[str, ...]:
    sides = []
    for name, pred_N in (("old", OLD_N), ("new", NEW_N)):
        # Each other member is right on everything.
        pred_MN = np.array([pred_N, *[LABEL_N] * (members - 1)])
        side = records_from(pred_MN, LABEL_N, 3, name=name)
        series = [pl.Series(name, values) for name, values in columns.items()]
        sides.append(replace(side, examples=side.examples.with_columns(series)))
    return audit(sides[0], [sides[1]], Settings(by=by or tuple(columns), draws=100)).notices


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("old_right", OLD_RIGHT_N, "tells the right answers of 'old' from the wrong ones"),
        (
            "error",
            np.where(OLD_RIGHT_N, "none", np.where(SITE_N == "east", "near", "far")),
            "tells the right answers of 'old' from the wrong ones",
        ),
        ("new_right", NEW_RIGHT_N, "tells the right answers of 'new' from the wrong ones"),
        ("flipped", OLD_N != NEW_N, "tells the answers that changed from those that did not"),
        (
            "regressed",
            np.where(LOST_N, "yes", SITE_N),
            "tells the examples that 'new' lost from the rest",
        ),
        ("old_answer", OLD_N, "follows the answers of 'old' even where they are wrong"),
        ("new_answer", NEW_N, "follows the answers of 'new' even where they are wrong"),
    ],
)
def test_what_a_column_tells_is_said_before_the_verdict(column: str, values: ArrayLike, said: str):
    expected = (f"Column {column!r} {said}{IF}",)
    assert noticed({column: values}) == expected
    assert noticed({column: values, "site": SITE_N}, f"site+{column}", column) == expected
    assert noticed({column: values, "site": SITE_N}, "class", "site") == ()


def test_the_members_of_a_side_are_each_looked_at():
    said = noticed({"right": NEW_RIGHT_N}, members=2)
    assert said[-1] == f"Column 'right' tells the right answers of 'new' from the wrong ones{IF}"


def test_a_group_that_is_all_that_a_model_fails_at_is_said_too_and_still_found():
    """Nothing in the data tells it from a column that was made from the answers."""
    ward_N = np.where(np.arange(N) % 10 == 0, "new", "old")
    slices = {"ward": ward_N.tolist()}
    failed_N = np.where(ward_N == "new", (LABEL_N + 1) % 3, LABEL_N)
    old, new = (
        records_from(pred_N[None], LABEL_N, 3, name=name, slices=slices)
        for name, pred_N in (("old", LABEL_N), ("new", failed_N))
    )
    found = audit(old, [new], Settings(by=("ward",), draws=100))
    assert found.notices == (
        f"Column 'ward' tells the right answers of 'new' from the wrong ones{IF}",
    )
    assert found.verdict == "worse"


@pytest.mark.parametrize(
    "values",
    [
        SITE_N,
        LABEL_N,
        np.where(OLD_RIGHT_N & (np.arange(N) % 30 > 0), "easy", "hard"),
        np.where(np.arange(N) % 30 == 0, ~OLD_RIGHT_N, OLD_RIGHT_N),
    ],
    ids=["site", "label", "easy", "noisy"],
)
def test_what_only_goes_with_the_answers_is_not_said(values: ArrayLike):
    assert noticed({"x": values}) == ()


@pytest.mark.parametrize(
    ("right", "wrong", "torn", "tells"),
    [(100, 100, 1, True), (100, 100, 2, False), (1000, 100, 2, True), (100, 1000, 2, False)],
)
def test_a_value_that_holds_both_kinds_in_equal_parts_is_one_of_the_wrong(
    right: int, wrong: int, torn: int, tells: bool
):
    times = (right, wrong, torn, torn)
    outcome_N = np.repeat([1.0, 0.0, 1.0, 0.0], times)
    unlabelled_N = np.full(len(outcome_N), -1)
    assert says_right(np.repeat([0, 1, 2, 2], times), outcome_N, unlabelled_N) is tells
