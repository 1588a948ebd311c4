"""Columns to cross that do not exist, hold no numbers, or say what a model made of an example."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from undertow.audit import Settings, audit
from undertow.errors import NotComparableError, UserError
from worlds import null_world

N = 120


def refused(columns: dict[str, list], cross=(), told=None, kind=UserError, only=None) -> str:
    reference, variant = null_world(3, 3, N, seed=1)
    given = [
        replace(
            side,
            examples=side.examples.with_columns(**{k: pl.Series(v) for k, v in columns.items()}),
        )
        if only in (None, side.name)
        else side
        for side in (reference, variant)
    ]
    with pytest.raises(kind) as caught:
        audit(given[0], [given[1]], Settings(cross=cross), told=told)
    return str(caught.value)


def test_a_column_that_does_not_exist():
    assert refused({}, ("weigth",)) == (
        "population 'reference' has no column 'weigth' to cross: did you mean 'weight'? it can be "
        "crossed with blurred, weight"
    )
    assert refused({}, ("el2n",)) == (
        "population 'reference' has no column 'el2n' to cross: a population that takes no part "
        "tells it, after --columns-from; it can be crossed with blurred, weight"
    )
    told = pl.DataFrame({"example_id": ["e0000"], "depth": [1.0]})
    assert refused({}, ("deep",), told) == (
        "population 'reference' has no column 'deep' to cross: did you mean 'depth'? it can be "
        "crossed with depth, blurred, weight"
    )


def test_a_column_that_a_probe_may_tell():
    assert refused({}, ("depth",)) == (
        "population 'reference' has no column 'depth' to cross: a population that takes no part "
        "tells it, after --columns-from, or give a frame in Python: undertow.compare(…, "
        "told=frame); it can be crossed with blurred, weight"
    )
    assert refused({}, ("q_v1_unit",)) == (
        "population 'reference' has no column 'q_v1_unit' to cross: if a probe of a population "
        "that takes no part tells it, give that population after --columns-from, or give a frame "
        "in Python: undertow.compare(…, told=frame); it can be crossed with blurred, weight"
    )
    told = pl.DataFrame({"example_id": ["e0000"], "depth": [1.0]})
    assert refused({}, ("q_v1_unit",), told) == (
        "population 'reference' has no column 'q_v1_unit' to cross: it can be crossed with depth, "
        "blurred, weight"
    )


def test_columns_that_would_be_refused_are_not_offered():
    """Sides differ in ``age``, and of ``score``, which one has, the name says who made it."""
    reference, variant = null_world(3, 3, N, seed=1)
    rng = np.random.default_rng(0)
    given = [
        replace(s, examples=s.examples.with_columns(age=pl.Series(rng.random(N).round(2))))
        for s in (reference, variant)
    ]
    given[0] = replace(
        given[0], examples=given[0].examples.with_columns(score=pl.Series(rng.random(N)))
    )
    with pytest.raises(UserError) as caught:
        audit(given[0], [given[1]], Settings(cross=("agee",)))
    assert str(caught.value) == (
        "population 'reference' has no column 'agee' to cross: if a probe of a population that "
        "takes no part tells it, give that population after --columns-from, or give a frame in "
        "Python: undertow.compare(…, told=frame); it can be crossed with blurred, weight"
    )


@pytest.mark.parametrize(
    ("values", "held"),
    [
        (["north"] * N, "String, such as 'north'"),
        ([date(2020, 1, 2)] * N, "Date, such as '2020-01-02'"),
        (["007"] * N, "String, such as '007'"),
    ],
)
def test_a_column_that_holds_no_numbers(values: list, held: str):
    assert refused({"place": values}, ("place",)) == (
        f"column 'place' holds {held}: a crossed column needs numbers; slice by it: --by place"
    )


def test_an_empty_column():
    said = refused({"place": pl.Series([None] * N, dtype=pl.Float64)}, ("place",))
    assert said == (
        "column 'place' holds nothing: a crossed column needs numbers; slice by it: --by place"
    )


def test_numbers_that_came_as_text_are_numbers():
    reference, variant = null_world(3, 3, N, seed=1)
    value_N = np.random.default_rng(0).integers(1, 90, N)
    given = [
        replace(s, examples=s.examples.with_columns(age=pl.Series([str(v) for v in value_N])))
        for s in (reference, variant)
    ]
    (found,) = audit(given[0], [given[1]], Settings(cross=("age",))).variants[0].crossed.columns
    assert found.unknown == 0
    assert found.n_exemplars + found.n_controls > 100


def test_a_column_in_which_the_sides_differ():
    reference, variant = null_world(3, 3, N, seed=1)
    rng = np.random.default_rng(0)
    given = [
        replace(s, examples=s.examples.with_columns(score=pl.Series(rng.random(N).round(2))))
        for s in (reference, variant)
    ]
    with pytest.raises(NotComparableError) as caught:
        audit(given[0], [given[1]], Settings(cross=("score",)))
    first = [s.examples["score"][0] for s in given]
    differ = (given[0].examples["score"] != given[1].examples["score"]).sum()
    assert str(caught.value) == (
        f"'reference' and 'variant' differ in column 'score' on {differ} of 120 examples (first "
        f"'e0000': {str(first[0])!r} and {str(first[1])!r}), and a crossed column has to say what an "
        "example is, not what a model made of it; leave it out of --cross, or, if it does describe "
        "the examples, write the same values into both files"
    )


def test_frames_that_cannot_be_joined():
    assert refused({}, told=pl.DataFrame({"id": ["e0000"], "x": [1.0]})) == (
        "the frame of columns to cross has no column 'example_id' (it has id, x); name the column "
        "of ids so"
    )
    twice = pl.DataFrame({"example_id": ["e0000", "e0000"], "x": [1.0, 2.0]})
    assert refused({}, told=twice) == (
        "the frame of columns to cross has example 'e0000' twice; give each example one row"
    )
    words = pl.DataFrame({"example_id": ["e0000"], "x": ["long"]})
    assert refused({}, told=words) == (
        "column 'x' holds String, such as 'long': a crossed column needs numbers; leave it out"
    )
    elsewhere = pl.DataFrame({"example_id": ["x1"], "x": [1.0]})
    assert refused({}, told=elsewhere, kind=NotComparableError) == (
        "the frame of columns to cross knows none of the examples of 'reference' (first 'e0000'); "
        "give one over the examples that are compared"
    )


@pytest.mark.parametrize(
    ("told", "held"),
    [
        ({"example_id": ["e0000"], "x": [1.0]}, "builtins.dict"),
        (np.zeros((2, 2)), "numpy.ndarray"),
        (pl.LazyFrame({"example_id": ["e0000"], "x": [1.0]}), "polars.lazyframe.frame.LazyFrame"),
    ],
)
def test_columns_that_are_no_polars_frame(told: object, held: str):
    assert refused({}, told=told) == (
        f"columns to cross came as {held}; give a polars frame: "
        "pl.DataFrame({'example_id': ..., 'NAME OF A COLUMN': ...})"
    )


def test_infinite_values_are_unknown():
    reference, variant = null_world(3, 3, N, seed=1)
    x_N = np.arange(N, dtype=float)
    x_N[:10] = np.inf
    told = pl.DataFrame({"example_id": reference.example_id_N, "x": x_N})
    (found,) = audit(reference, [variant], Settings(), told=told).variants[0].crossed.columns
    assert found.unknown in range(1, 11)


def test_told_columns_come_before_columns_of_the_examples():
    reference, variant = null_world(3, 3, N, seed=1)
    told = pl.DataFrame({"example_id": reference.example_id_N, "weight": np.zeros(N), "x": 1.0})
    found = audit(reference, [variant], Settings(cross=("x", "weight")), told=told).variants[0]
    assert [c.column for c in found.crossed.columns] == ["x", "weight"]
    assert np.isnan(found.crossed.columns[1].effect)


def test_of_told_columns_those_are_crossed_that_are_named():
    reference, variant = null_world(3, 3, N, seed=1)
    x_N = np.arange(N, dtype=float)
    told = pl.DataFrame({"example_id": reference.example_id_N, "x": x_N, "y": -x_N, "z": x_N**2})
    for cross, crossed in ((), ["x", "y", "z"]), (("y",), ["y"]), (("weight",), ["weight"]):
        found = audit(reference, [variant], Settings(cross=cross), told=told).variants[0]
        assert [c.column for c in found.crossed.columns] == crossed
