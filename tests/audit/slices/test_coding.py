"""How one column's values become text and codes."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from undertow.audit.slices.coding import code_column
from undertow.errors import UserError


def text_of(column):
    """Each example's value as written."""
    coding = code_column(column)
    return [coding.values[code] for code in coding.code_N.tolist()]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, None, False], ["true", "(missing)", "false"]),
        ([10, 9, None, 9], ["10", "9", "(missing)", "9"]),
        ([0.5, 2.0, float("nan")], ["0.5", "2", "(missing)"]),
        ([1e-9, 123456.7, None], ["1e-09", "123457", "(missing)"]),
        ([0.1234567, 0.1234568], ["0.1234567", "0.1234568"]),
        ([float("inf"), 1.0], ["inf", "1"]),
        ([dt.date(2024, 5, 1), None], ["2024-05-01", "(missing)"]),
        ([None, None], ["(missing)", "(missing)"]),
        (["b", "a", None], ["b", "a", "(missing)"]),
        (["", " "], ["", " "]),
        (["(missing)", None, "a"], ["(missing)", "(missing)", "a"]),
    ],
)
def test_values_as_text(values, expected):
    assert text_of(pl.Series("x", values, strict=False)) == expected


@pytest.mark.parametrize(
    ("column", "order"),
    [
        (pl.Series("x", ["tail", "head", "middle"]), ("head", "middle", "tail")),
        (pl.Series("x", ["tail", "head"]), ("head", "tail")),
        (pl.Series("x", ["tail", "head", "neck"]), ("head", "neck", "tail")),
        (pl.Series("x", [10, 9, None]), ("9", "10", "(missing)")),
        (pl.Series("x", ["l", "s"], dtype=pl.Enum(["s", "m", "l"])), ("s", "m", "l")),
        (pl.Series("x", ["b", "a"], dtype=pl.Categorical), ("a", "b")),
        (pl.Series("x", [True, True]), ("false", "true")),
        (pl.Series("x", ["z", None, "a"]), ("a", "z", "(missing)")),
    ],
)
def test_order_of_values(column, order):
    assert code_column(column).values == order


def test_many_numbers_become_quartiles():
    coding = code_column(pl.Series("weight", [*(i / 10 for i in range(1, 101)), None]))
    assert coding.values == (
        "up to 2.5",
        "above 2.5 to 5",
        "above 5 to 7.5",
        "above 7.5",
        "(missing)",
    )
    assert coding.counts().tolist() == [25, 25, 25, 25, 1]


def test_bins_hold_what_their_names_say():
    value_N = np.random.default_rng(0).normal(size=1000).round(2)
    coding = code_column(pl.Series("x", value_N))
    low, *_, high = coding.values
    assert low.startswith("up to ")
    assert high.startswith("above ")
    assert (value_N[coding.code_N == 0] <= float(low.removeprefix("up to "))).all()
    assert (value_N[coding.code_N == 3] > float(high.removeprefix("above "))).all()


@pytest.mark.parametrize(("kept", "binned"), [(20, 21)])
def test_fractions_are_kept_up_to_twenty_values(kept, binned):
    assert len(code_column(pl.Series("x", [i + 0.5 for i in range(kept)])).values) == kept
    assert len(code_column(pl.Series("x", [i + 0.5 for i in range(binned)])).values) == 4


@pytest.mark.parametrize(("kept", "binned"), [(50, 51)])
def test_whole_numbers_are_kept_up_to_fifty_values(kept, binned):
    assert len(code_column(pl.Series("x", range(kept))).values) == kept
    assert len(code_column(pl.Series("x", range(binned))).values) == 4


@pytest.mark.parametrize("side", [-1, 1])
def test_a_heavy_tie_leaves_fewer_bins_and_none_empty(side):
    column = pl.Series("x", [0.0] * 900 + [side * (i + 0.5) for i in range(100)])
    coding = code_column(column)
    assert len(coding.values) in (2, 3, 4)
    assert (coding.counts() > 0).all()


def test_infinite_numbers_go_to_the_outer_bins():
    coding = code_column(
        pl.Series("x", [float("-inf"), *(i + 0.5 for i in range(100)), float("inf")])
    )
    assert (coding.code_N[0], coding.code_N[-1]) == (0, 3)
    heavy = code_column(pl.Series("x", [float("inf")] * 90 + [i + 0.5 for i in range(30)]))
    assert heavy.values == ("up to 29.5", "above 29.5")
    assert heavy.counts().tolist() == [30, 90]


def test_identifiers_are_refused_with_the_fix():
    with pytest.raises(UserError) as raised:
        code_column(pl.Series("patient", [f"p{i}" for i in range(1250)]))
    assert str(raised.value) == (
        "column 'patient' has 1,250 different values in 1,250 examples: a slice needs at most 200; "
        "group its values in the table, or slice by another column"
    )
    with pytest.raises(UserError) as raised:
        code_column(pl.Series("site", [f"s{i % 60}" for i in range(100)]))
    assert str(raised.value) == (
        "column 'site' has 60 different values in 100 examples: a slice needs at most 50; "
        "group its values in the table, or slice by another column"
    )


def test_two_hundred_texts_are_a_slice_and_few_examples_may_all_differ():
    assert len(code_column(pl.Series("x", [f"t{i % 200}" for i in range(1000)])).values) == 200
    assert len(code_column(pl.Series("x", [f"t{i}" for i in range(20)])).values) == 20


def test_lists_are_refused_by_name_and_type():
    with pytest.raises(UserError) as raised:
        code_column(pl.Series("tags", [["a"], ["b"]]))
    assert (
        str(raised.value)
        == "column 'tags' holds List(String): a slice needs text, numbers, dates or true/false"
    )
