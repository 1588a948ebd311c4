"""Flags in messages become arguments, whatever stands around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import undertow
from undertow.errors import NotComparableError, TableError, UserError
from undertow.notebook.messages import for_python, in_python


@pytest.mark.parametrize(
    ("said", "python"),
    [
        (
            "name its columns with --id image --prediction pred --label y_true",
            "name its columns with id='image', prediction='pred', label='y_true'",
        ),
        ("--id 'Image ID' --label gold", "id='Image ID', label='gold'"),
        ("--id 'it'\"'\"'s': is empty", 'id="it\'s": is empty'),
        ("--id img: old has no such column", "id='img': old has no such column"),
        ("give both: --id image,img", "give both: id='image,img'"),
        (
            "compare those in both with --allow-partial",
            "compare those in both with allow_partial=True",
        ),
        (
            "--paired: give several; or leave --paired out",
            "paired: give several; or leave paired out",
        ),
        ("choose one of a, b with --metric", "choose one of a, b with metric"),
        ("--metric takes another of b", "metric takes another of b"),
        ("check the file, or --tasks and --filter", "check the file, or tasks and filter"),
        ("no task fits --tasks a b; it has c", "no task fits tasks=('a', 'b'); it has c"),
        ("write --by age lang; it can be", "write by=('age', 'lang'); it can be"),
        (
            "--threshold 3: give another, as in --threshold 0.2",
            "threshold=3: give another, as in threshold=0.2",
        ),
        ("write --tolerance 2.5", "write tolerance=2.5"),
        ("accept it with --accept prompt", "accept it with accept='prompt'"),
        ("the first: --name OLD NEW", "the first: names=('OLD', 'NEW')"),
        ("with --generalise-to examples.", "with generalise_to='examples'."),
        ("count as wrong with --missing wrong", "count as wrong with missing='wrong'"),
        ("give --label one of these", "give label= one of these"),
        ("Give another --out.", "Give another folder."),
        (
            "a.csv: stands on both sides, in the reference and after --against; take it from one, "
            "give a copy of it to test a model against itself, or give a model on each side: "
            "a.csv::x --against a.csv::y --id q",
            "a.csv: stands in old and in new; take it from one, give a copy of it to test a model "
            "against itself, or give a model on each side: old=a.csv::x, new=a.csv::y, id='q'",
        ),
        ("nothing to say -- here", "nothing to say -- here"),
        ("(choose with --cluster)", "(choose with cluster)"),
    ],
)
def test_what_a_person_types_is_python(said: str, python: str):
    assert in_python(said) == python


def test_a_part_of_a_frame_is_a_column_under_another_name():
    said = "for a name of its own write old::'y pred'"
    assert in_python(said, ["old"]) == (
        "for a name of its own write old.rename({'y pred': 'prediction'})"
    )
    assert in_python("write both.csv::a", ["old"]) == "write both.csv::a"


def test_an_error_keeps_its_kind():
    for kind in (TableError, NotComparableError):
        made = for_python(kind("leave it out with --allow-partial"))
        assert type(made) is kind
        assert str(made) == "leave it out with allow_partial=True"


SCORES = {"id": range(4), "label": [0, 1, 0, 1]}


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("score", "typed", "scaled"),
    [
        (
            [1.1, 20, 50, 99],
            '(old["my score"].astype(float) / 100).round(12)',
            [0.011, 0.2, 0.5, 0.99],
        ),
        (
            ["1,1 %", "20", "50 %", "99 %"],
            '(old["my score"].str.replace("%", "").str.strip().str.replace(",", ".").astype(float) '
            "/ 100).round(12)",
            [0.011, 0.2, 0.5, 0.99],
        ),
        ([0.0, -1, 1, 2], '(1 / (1 + numpy.exp(-old["my score"].astype(float))))', None),
    ],
    ids=["per cent", "signs", "logits"],
)
def test_a_frame_of_pandas_is_told_what_to_type_in_pandas(
    score: list[Any], typed: str, scaled: list[float] | None
):
    old = pd.DataFrame({**SCORES, "my score": score})
    asked = {"id": "id", "score": "my score", "label": "label"}
    with pytest.raises(UserError) as caught:
        undertow.compare(old, old, **asked)
    message = str(caught.value)
    made = f"old.assign(**{{'my score': {typed}}})"
    assert made in message
    got = eval(made, {"old": old, "numpy": np})
    if scaled is not None:
        assert got["my score"].tolist() == scaled
    assert undertow.compare(got, got, **asked).findings.height


def test_the_largest_of_several_columns_is_taken_in_pandas():
    logits = {"out0": [4.5, -1.5, 0.5], "out1": [1.5, 3.5, -2.5], "y": [0, 1, 0]}
    old = pd.DataFrame({"id": list("abc"), **logits}, index=[5, 6, 7])
    with pytest.raises(UserError) as caught:
        undertow.compare(old, old, id="id", label="y", score="out0")
    said, _, command = str(caught.value).partition("score out: ")
    assert said == (
        "old: 'out0', 'out1' look like the logits of the classes, of which the largest is the answer: "
        "write it as a column 'prediction', and leave "
    )
    assert command == (
        'old.assign(prediction=pandas.Series(old[["out0", "out1"]].astype(float).to_numpy()'
        '.argmax(axis=1), index=old.index).map(dict(enumerate(["0", "1"])))).drop(columns=["out0", '
        '"out1"])'
    )
    made = eval(command, {"old": old, "pandas": pd})
    assert made.to_dict("list") == {
        "id": ["a", "b", "c"],
        "y": [0, 1, 0],
        "prediction": ["0", "1", "0"],
    }


def test_grades_and_classes_of_a_frame_of_pandas():
    old = pd.DataFrame({"id": range(2), "score": [40, 90]})
    with pytest.raises(UserError) as caught:
        undertow.compare(old, old, id="id")
    assert str(caught.value) == (
        "old: column 'score' reaches from 40 to 90 (2 of 2 are not between 0 and 1); expected 0 for "
        "the worst answer and 1 for the best; add scale=(WORST, BEST) with the ends of its scale, "
        "which only you know: the number of the worst answer, then that of the best (6,1 where 1 is the "
        "best grade, 1,6 where 6 is)"
    )
    old = pd.DataFrame({"id": range(2), "p_a": [40, 90], "p_b": [60, 10]})
    with pytest.raises(UserError) as caught:
        undertow.compare(old, old, id="id")
    made = 'old.assign(**(old[["p_a", "p_b"]].astype(float) / 100).round(12))'
    assert str(caught.value).endswith(f"write them as fractions, {made}")
    got = eval(made, {"old": old})
    assert undertow.compare(got, got, id="id").findings.height


SHARES = [0.125, 0.875, 0.25, 0.75]
APART = (
    "{}: column 'score' reaches from 12.5 to 87.5, and 'score' in {} reaches from 0.125 to 0.875, so "
    "one looks like per cent and the other like fractions; if they are, scale the first, and give "
    "this in its place{}: "
)


@pytest.mark.heavy
@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("cut", [None, 20])
def test_frames_of_per_cent_beside_fractions(library: str, cut: float | None):
    cents = pl.DataFrame({**SCORES, "score": [100 * s for s in SHARES]})
    shares = pl.DataFrame({**SCORES, "score": SHARES})
    typed = '{}.with_columns((pl.col("score").cast(float) / 100).round(12))'
    if library == "pandas":
        cents, shares = cents.to_pandas(), shares.to_pandas()
        typed = '{0}.assign(score=({0}["score"].astype(float) / 100).round(12))'
    at = "" if cut is None else " with threshold=0.2"
    for old, new, called in ((cents, shares, ("old", "new")), (shares, cents, ("new", "old"))):
        with pytest.raises(UserError) as caught:
            undertow.compare(old, new, id="id", threshold=cut)
        assert str(caught.value) == APART.format(*called, at) + typed.format(called[0])
    got = eval(typed.format("old"), {"old": cents, "pl": pl})
    assert undertow.compare(got, shares, id="id", threshold=0.2).findings.height


def test_signs_on_some_cells_of_a_frame_of_pandas():
    old = pd.DataFrame({**SCORES, "score": ["12.5 %", "0.875", "25 %", "0.75"]})
    with pytest.raises(UserError) as caught:
        undertow.compare(old, old, id="id")
    x = 'old["score"].str.replace("%", "").str.strip().str.replace(",", ".").astype(float)'
    made = f'old.assign(score=({x} / 100).round(12).where(old["score"].str.contains("%"), {x}))'
    assert f"; if only those with % are, {made}; else write" in str(caught.value)
    assert eval(made, {"old": old})["score"].tolist() == SHARES
