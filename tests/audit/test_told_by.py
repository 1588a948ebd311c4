"""A column of both files that tells what the models made of the examples: said, not refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.typing import ArrayLike, NDArray

from undertow.audit import Settings, audit
from undertow.audit.slices.own_output import nearly_says_right, says_right
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


@pytest.mark.heavy
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
        (
            "noisy",
            np.where(np.arange(N) % 20 == 0, ~NEW_RIGHT_N, NEW_RIGHT_N),
            "nearly tells the right answers of 'new' from the wrong ones",
        ),
        (
            "easy",
            np.where(OLD_RIGHT_N & (np.arange(N) % 30 > 0), "easy", "hard"),
            "nearly tells the right answers of 'old' from the wrong ones",
        ),
        ("old_answer", OLD_N, "follows the answers of 'old' even where they are wrong"),
        ("new_answer", NEW_N, "follows the answers of 'new' even where they are wrong"),
    ],
)
def test_what_a_column_tells_is_said(column: str, values: ArrayLike, said: str):
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


@pytest.mark.heavy
@pytest.mark.parametrize(
    "values",
    [
        SITE_N,
        LABEL_N,
        np.where(OLD_RIGHT_N & (np.arange(N) % 7 > 0), "easy", "hard"),
        np.where(np.arange(N) % 7 == 0, ~OLD_RIGHT_N, OLD_RIGHT_N),
        np.where(LABEL_N == 1, "bird", "mammal"),
        np.arange(N) // 2,
    ],
    ids=["site", "label", "easy", "noisy", "kind", "pairs"],
)
def test_what_only_goes_with_the_answers_is_not_said(values: ArrayLike):
    assert noticed({"x": values}) == ()


def test_a_noisy_column_of_one_side_alone_is_said_and_not_refused():
    """A group in which most answers are wrong looks the same."""
    column = pl.Series("flag", np.where(np.arange(N) % 20 == 0, ~NEW_RIGHT_N, NEW_RIGHT_N))
    old, new = (
        records_from(p[None], LABEL_N, 3, name=n) for n, p in (("old", OLD_N), ("new", NEW_N))
    )
    new = replace(new, examples=new.examples.with_columns(column))
    found = audit(old, [new], Settings(by=("flag",), draws=100))
    said = f"Column 'flag' nearly tells the right answers of 'new' from the wrong ones{IF}"
    assert found.notices == (said,)
    assert found.headline.endswith(f" {said}")
    assert found.headline.startswith("new loses on 1 of 2 slices: flag false")


def test_a_class_that_is_hardly_answered_rightly_is_told_by_the_label():
    """Not by a column that goes with it."""
    animal_N = np.where(LABEL_N == 2, "bird", "mammal")
    failing_N = np.where(LABEL_N == 2, 0, LABEL_N)
    sides = [
        records_from(p[None], LABEL_N, 3, name=n, slices={"animal": animal_N.tolist()})
        for n, p in (("old", OLD_N), ("new", failing_N))
    ]
    (lost,) = audit(sides[0], [sides[1]], Settings(by=("animal",), draws=100)).notices
    assert lost.startswith("'new' loses on 1 of 3 classes, which no slice is about: class class 2 ")


def test_few_wrong_answers_are_told_by_nothing():
    for wrong, told in ((5, False), (6, True)):
        right_N = np.arange(N) >= wrong
        code_N = np.where(np.arange(N) % 20 == 19, ~right_N, right_N).astype(int)
        assert nearly_says_right(code_N, right_N.astype(float), np.full(N, -1)) is told


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
