"""The order of classes that labels of the same examples tell: certain only where no other order and
no chance explains them, else not told, and it is said why."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from undertow.records.order_told import LABELS, Names, are_places, names_among

PLACE = "rows are matched by their place alone"


def among(number: list[int], name: list[str], *, by_row: bool = False) -> Names:
    return names_among(
        pl.Series(name, dtype=pl.String),
        pl.Series(number, dtype=pl.Int32),
        1 + max(number),
        by_row=by_row,
    )


def typed(names: str) -> str:
    return f"[{', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)}]"


MIXED = np.random.default_rng(0).permutation(np.repeat(np.arange(3), 40)).tolist()
TWO = [k % 2 for k in MIXED]


@pytest.mark.parametrize(
    ("number", "by_row", "doubt"),
    [
        (TWO, False, None),
        (TWO, True, PLACE),
        (MIXED, True, None),
        (MIXED[:99], True, PLACE),
        (sorted(MIXED), True, PLACE),
        (sorted(MIXED), False, None),
        ([0, 1] * 10, False, "so few agree by chance too"),
        ([0, 1] * 11, False, None),
        ([0, 1] * 20 + [2] * 2, False, "of 'x' there are only 2"),
        ([0, 1] * 20 + [2], False, "of 'x' there is only 1"),
        ([0, 1] * 20 + [2] * 3, False, None),
    ],
)
def test_labels_that_all_agree(number: list[int], *, by_row: bool, doubt: str | None) -> None:
    found, names = among(number, [*map("zyx".__getitem__, number)], by_row=by_row), "zyx"
    names = names[: 1 + max(number)]
    assert (found.ordered, found.told) == ([*names], "" if doubt else LABELS)
    if doubt:
        assert found.hint == f"most labels in both have {typed(names)}, but {doubt}"


@pytest.mark.parametrize(("wrong", "told"), [(1, True), (2, False)])
def test_each_class_has_to_agree(wrong: int, *, told: bool) -> None:
    """A class that most examples have would hide that a rare one goes with another name."""
    name = [*"z" * 50, *"y" * 50, *"x" * (10 - wrong), *"z" * wrong]
    found = among([0] * 50 + [1] * 50 + [2] * 10, name)
    said = f"most labels in both have {typed('zyx')}, but of 10 of 'x' only 8 agree"
    assert (found.told, found.hint == said) == (LABELS if told else "", not told)


def test_one_name_of_two_numbers_tells_nothing() -> None:
    found = among([0] * 20 + [1] * 20, [*"a" * 39, "b"])
    assert found == Names(("a", "b"), 2)


@pytest.mark.parametrize(
    ("most", "apart"), [(24, False), (23, True)], ids=["four in five", "fewer"]
)
def test_labels_of_which_a_fifth_goes_with_no_name_are_of_other_examples(
    most: int, *, apart: bool
) -> None:
    name = [*"a" * (most // 2), *"b" * (15 - most // 2)]
    name += [*"b" * (most - most // 2), *"a" * (15 - most + most // 2)]
    assert among([0] * 15 + [1] * 15, name).apart is apart


@pytest.mark.parametrize(("rows", "apart"), [(5, False), (6, True)])
def test_of_few_examples_nothing_is_said(rows: int, *, apart: bool) -> None:
    name = [*"ababab"[:rows]]
    assert among([0, 0, 0, 1, 1, 1][:rows], name).apart is apart


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("classes", "rows", "shares", "noise", "mixed"),
    [
        (2, 6, None, 0.0, True),
        (2, 10, (0.9, 0.1), 0.0, True),
        (3, 9, None, 0.0, True),
        (2, 10, (0.9, 0.1), 0.3, False),
        (5, 50, (0.8, 0.05, 0.05, 0.05, 0.05), 0.2, False),
        (10, 50, (0.82, *[0.02] * 9), 0.15, False),
    ],
)
def test_a_wrong_order_is_never_told_as_certain(
    classes: int, rows: int, shares: tuple[float, ...] | None, noise: float, *, mixed: bool
) -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        label = rng.choice(classes, rows, p=shares)
        other = np.where(rng.random(rows) < noise, rng.integers(classes, size=rows), label)
        other = rng.permutation(other) if mixed else other
        found = among([*map(int, label)], [f"n{k}" for k in other])
        assert not found.told or list(found.ordered) == [f"n{k}" for k in range(classes)]


def test_ids_that_are_the_numbers_of_rows_are_places() -> None:
    assert are_places(pl.Series(["0", "2", "1"]))
    assert not are_places(pl.Series(["1", "2", "3"]))
    assert not are_places(pl.Series(["0", "1", "b"]))
