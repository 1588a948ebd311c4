"""Slice tables: membership, order, crossings, and what is left out."""

import numpy as np
import pytest

import worlds
from undertow.audit.slices import slice_table
from undertow.errors import UserError


def over(label_N=None, classes=None, **columns):
    n = len(label_N) if label_N is not None else len(next(iter(columns.values())))
    return worlds.records_from([[0] * n], label_N, classes, slices=columns)


def cells(table):
    """(column, value) → the examples that belong."""
    dense = table.membership_GN.toarray()
    keys = zip(table.column_G, table.value_G, strict=True)
    return {key: np.flatnonzero(row).tolist() for key, row in zip(keys, dense, strict=True)}


def test_classes_and_columns_in_the_order_asked_for():
    table = slice_table(
        over([1, 0, 1, 2], ("cat", "ant", "bee"), tone=["light", "dark", "dark", "light"]),
        ["tone", "class"],
    )
    assert list(cells(table).items()) == [
        (("tone", "dark"), [1, 2]),
        (("tone", "light"), [0, 3]),
        (("class", "cat"), [1]),
        (("class", "ant"), [0, 2]),
        (("class", "bee"), [3]),
    ]
    assert table.count_G.tolist() == [2, 2, 1, 2, 1]
    assert table.membership_GN.dtype == np.float32
    assert (table.G, table.N) == (5, 4)


def test_a_class_without_examples_is_left_out_and_counted():
    table = slice_table(over([1, 1, 3], 5), ["class"])
    assert table.value_G == ("class 1", "class 3")
    assert table.empty == {"class": 3}


def test_missing_labels_and_values_are_a_value_of_their_own():
    table = slice_table(over([0, -1, 1], ("a", "b"), tone=[None, "x", "y"]), ["class", "tone"])
    assert cells(table) == {
        ("class", "a"): [0],
        ("class", "b"): [2],
        ("class", "(missing)"): [1],
        ("tone", "x"): [1],
        ("tone", "y"): [2],
        ("tone", "(missing)"): [0],
    }


def test_every_example_is_once_in_every_column():
    records, _ = worlds.null_world(n=500, missing_labels=0.2)
    table = slice_table(records, ["class", "region", "tone", "blurred", "weight"])
    for column in ("class", "region", "tone", "blurred", "weight"):
        rows = [g for g, name in enumerate(table.column_G) if name == column]
        assert (table.membership_GN[rows].sum(axis=0) == 1).all()
    np.testing.assert_array_equal(table.count_G, table.membership_GN.sum(axis=1))


def test_a_crossing_keeps_cells_with_enough_examples():
    age = ["young"] * 5 + ["old"] * 4
    tone = ["dark", "dark", "light", "light", "light", "dark", "light", "light", "light"]
    table = slice_table(over(age=age, tone=tone), ["age+tone"], min_count=2)
    assert cells(table) == {
        ("age+tone", "old+light"): [6, 7, 8],
        ("age+tone", "young+dark"): [0, 1],
        ("age+tone", "young+light"): [2, 3, 4],
    }
    assert table.too_small == {"age+tone": (1, "old+dark", 1)}
    assert any(table.too_small.values())
    every = slice_table(over(age=age, tone=tone), ["age+tone"], min_count=1)
    assert [found.cells for found in every.too_small.values()] == [0]
    assert not any(every.too_small.values())
    assert table.empty == {}


def test_crossing_three_columns_equals_a_loop():
    records, _ = worlds.null_world(n=400, missing_labels=0.1)
    table = slice_table(records, ["class+region+blurred"], min_count=10)
    keys = [
        f"{'(missing)' if label < 0 else records.classes[label]}+{region}+{str(blurred).lower()}"
        for label, region, blurred in zip(
            records.label_N.tolist(),
            records.examples["region"],
            records.examples["blurred"],
            strict=True,
        )
    ]
    expected = {
        k: [i for i, key in enumerate(keys) if key == k] for k in set(keys) if keys.count(k) >= 10
    }
    assert {value: rows for (_, value), rows in cells(table).items()} == expected


def test_a_crossing_never_holds_an_empty_cell():
    table = slice_table(over(a=["x", "y"], b=["u", "v"]), ["a+b"], min_count=0)
    assert table.value_G == ("x+u", "y+v")


def test_a_column_whose_own_name_has_a_plus_is_that_column():
    table = slice_table(over(**{"age+tone": ["p", "q"]}), ["age+tone"])
    assert table.value_G == ("p", "q")


def test_plain_columns_keep_small_values():
    table = slice_table(over(tone=["x"] + ["y"] * 30), ["tone"], min_count=20)
    assert table.count_G.tolist() == [1, 30]


def test_a_name_given_twice_counts_once():
    assert slice_table(over(tone=["x", "y"]), ["tone", "tone"]).value_G == ("x", "y")


def test_no_slices_asked_for():
    table = slice_table(over([0, 1]), [])
    assert (table.column_G, table.value_G, table.membership_GN.shape) == ((), (), (0, 2))
    assert table.count_G.tolist() == []


def test_no_examples():
    table = slice_table(over(tone=[]), ["tone"])
    assert (table.G, table.N) == (0, 0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "regoin",
            "population 'world' has no slice 'regoin': did you mean 'region'? it can be sliced by "
            "class, region, tone",
        ),
        (
            "REGION",
            "population 'world' has no slice 'REGION': did you mean 'region'? it can be sliced by "
            "class, region, tone",
        ),
        (
            "home_town_region",
            "population 'world' has no slice 'home_town_region': did you mean 'region'? it can be "
            "sliced by class, region, tone",
        ),
        (
            "tone_class_name",
            "population 'world' has no slice 'tone_class_name': it can be sliced by class, region, "
            "tone",
        ),
        (
            "altitude",
            "population 'world' has no slice 'altitude': it can be sliced by class, region, tone",
        ),
        (
            "tone+regoin",
            "population 'world' has no slice 'regoin': did you mean 'region'? it can be sliced by "
            "class, region, tone",
        ),
        (
            "example_id",
            "population 'world' has no slice 'example_id': it can be sliced by class, region, tone",
        ),
    ],
)
def test_an_unknown_column_is_answered_with_what_there_is(name, message):
    with pytest.raises(UserError) as raised:
        slice_table(over([0, 1], region=["n", "s"], tone=["x", "y"]), [name])
    assert str(raised.value) == message


CROSSED = "did you mean 'region+tone'? it can be sliced by class, region, tone"


@pytest.mark.parametrize(
    "name", ["region x tone", "region*tone", "region × tone", "region by tone", "region & tone"]
)
def test_a_crossing_written_in_another_way_is_answered_with_how_it_is_written(name):
    with pytest.raises(UserError) as raised:
        slice_table(over([0, 1], region=["n", "s"], tone=["x", "y"]), [name])
    assert str(raised.value) == f"population 'world' has no slice '{name}': {CROSSED}"


def test_a_crossing_of_which_the_shell_made_three_names_is_answered_so_too():
    with pytest.raises(UserError) as raised:
        slice_table(over([0, 1], region=["n", "s"], tone=["x", "y"]), ["region", "x", "tone"])
    assert str(raised.value) == f"population 'world' has no slice 'x': {CROSSED}"
    with pytest.raises(UserError) as raised:
        slice_table(over([0, 1], region=["n", "s"], tone=["x", "y"]), ["x", "tone"])
    assert str(raised.value) == (
        "population 'world' has no slice 'x': it can be sliced by class, region, tone"
    )


def test_class_without_labels_is_answered_with_what_there_is():
    with pytest.raises(UserError) as raised:
        slice_table(over(region=["n", "s"]), ["class"])
    assert str(raised.value) == (
        "population 'world' has no slice 'class': no example has a label; it can be sliced by "
        "region"
    )
    with pytest.raises(UserError) as raised:
        slice_table(worlds.records_from([[0]]), ["class"])
    assert str(raised.value) == (
        "population 'world' has no slice 'class': no example has a label; "
        "its examples have no labels and no further columns"
    )


def test_a_column_named_class_serves_where_there_are_no_labels():
    assert slice_table(over(**{"class": ["p", "q"]}), ["class"]).value_G == ("p", "q")
