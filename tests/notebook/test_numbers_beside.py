"""A table of numbers after ``columns_from`` beside frames and arrays: what to type works at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import undertow
from undertow.errors import UserError

LABEL = np.arange(200) % 2
GOOD = np.where(np.arange(200) % 10 == 0, 1 - LABEL, LABEL)
BAD = np.where(np.arange(200) % 4 < 1, 1 - LABEL, LABEL)
FOLDER = (
    "and a folder is meant that holds a population of models (of undertow train or undertow "
    "convert); "
)
JOIN = "join its columns to old: give {} in place of old, and no columns_from"
LEFT = "on='example_id', how='left'"
COLUMNS = "['example_id', 'depth']"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    numbers().write_csv("hard.csv")
    numbers().write_parquet("hard.parquet")


def numbers() -> pl.DataFrame:
    ids = np.arange(200)[::-1]
    return pl.DataFrame({"example_id": ids, "depth": ids % 7})


def polars_frame(answers: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"example_id": range(200), "prediction": answers, "label": LABEL})


def pandas_frame(answers: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"example_id": range(200), "prediction": answers, "label": LABEL})


def refused(old: Any, new: Any, columns_from: Any, **asked: Any) -> str:
    with pytest.raises(UserError) as caught:
        undertow.compare(old, new, cross="depth", columns_from=columns_from, **asked)
    return str(caught.value)


def made(message: str, **names: Any) -> Any:
    """The value that a message says to give."""
    typed = re.search(r"give (?:labels=)?(.*?)(?: in place of old)?, and no columns_from$", message)
    assert typed is not None
    return eval(typed[1], {"pandas": pd, "polars": pl, **names})


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("frame", "given", "typed"),
    [
        (
            pandas_frame,
            "hard.csv",
            "old.merge(pandas.read_csv('hard.csv', dtype={'example_id': old['example_id'].dtype})"
            f"[{COLUMNS}], {LEFT})",
        ),
        (
            pandas_frame,
            "hard.parquet",
            f"old.merge(pandas.read_parquet('hard.parquet')[{COLUMNS}], {LEFT})",
        ),
        (
            polars_frame,
            "hard.csv",
            "old.join(polars.read_csv('hard.csv', schema_overrides={'example_id': "
            f"old['example_id'].dtype}}).select({COLUMNS}), {LEFT})",
        ),
        (
            lambda answers: polars_frame(answers).lazy(),
            "hard.parquet",
            f"old.collect().join(polars.read_parquet('hard.parquet').select({COLUMNS}), {LEFT})",
        ),
    ],
    ids=["pandas", "parquet", "polars", "lazy"],
)
def test_a_file_is_joined_to_a_frame(frame: Any, given: str, typed: str) -> None:
    old, new = frame(GOOD), frame(BAD)
    message = refused(old, new, given)
    assert message == f"columns_from={given!r}: is a file, {FOLDER}{JOIN.format(typed)}"
    assert "depth: " in str(undertow.compare(made(message, old=old), new, cross="depth"))


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("frame", "given", "typed"),
    [
        (pandas_frame, numbers().to_pandas(), f"old.merge(columns_from[{COLUMNS}], {LEFT})"),
        (
            pandas_frame,
            numbers().to_pandas().set_index("example_id"),
            f"old.merge(columns_from.reset_index()[{COLUMNS}], {LEFT})",
        ),
        (pandas_frame, numbers(), f"old.merge(columns_from.to_pandas()[{COLUMNS}], {LEFT})"),
        (polars_frame, numbers(), f"old.join(columns_from.select({COLUMNS}), {LEFT})"),
        (
            polars_frame,
            numbers().to_pandas(),
            f"old.join(polars.DataFrame(columns_from).select({COLUMNS}), {LEFT})",
        ),
    ],
    ids=["pandas", "index", "polars to pandas", "polars", "pandas to polars"],
)
def test_a_frame_of_numbers_is_joined_to_a_frame(frame: Any, given: Any, typed: str) -> None:
    old, new = frame(GOOD), frame(BAD)
    message = refused(old, new, given)
    assert message == f"columns_from: is of type DataFrame, {FOLDER}{JOIN.format(typed)}"
    joined = made(message, old=old, columns_from=given)
    assert "depth: " in str(undertow.compare(joined, new, cross="depth"))


def test_arrays_take_the_columns_with_their_labels() -> None:
    message = refused(GOOD, BAD, "hard.csv", labels=LABEL)
    assert message == (
        f"columns_from='hard.csv': is a file, {FOLDER}if its ids are the numbers of rows, from 0, "
        "join its columns to the labels: give labels=polars.DataFrame({'example_id': range(200), "
        "'label': list(labels)}).join(polars.read_csv('hard.csv', schema_overrides={'example_id': "
        f"polars.Int64}}).select({COLUMNS}), {LEFT}), and no columns_from"
    )
    labels = made(message, labels=LABEL)
    assert "depth: " in str(undertow.compare(GOOD, BAD, labels=labels, cross="depth"))


def test_arrays_beside_a_frame_of_labels() -> None:
    labels = pl.DataFrame({"example_id": range(200), "label": LABEL})
    message = refused(GOOD, BAD, "hard.parquet", labels=labels)
    assert message == (
        f"columns_from='hard.parquet': is a file, {FOLDER}join its columns to the labels: give "
        f"labels=labels.join(polars.read_parquet('hard.parquet').select({COLUMNS}), {LEFT}), and no "
        "columns_from"
    )
    labels = made(message, labels=labels)
    assert "depth: " in str(undertow.compare(GOOD, BAD, labels=labels, cross="depth"))


def test_arrays_beside_a_file_of_labels() -> None:
    polars_frame(GOOD).drop("prediction").write_csv("y.csv")
    assert refused(GOOD, BAD, "hard.csv", labels="y.csv") == (
        f"columns_from='hard.csv': is a file, {FOLDER}write its columns into the labels: python -c "
        '\'import polars as pl; pl.read_csv("y.csv", infer_schema=False).with_columns(pl.col('
        '"example_id").cast(str)).join(pl.read_csv("hard.csv", infer_schema=False).select(pl.col('
        '"example_id").cast(str), "depth"), on="example_id", how="left").write_csv("y-joined.csv")'
        "', and give labels='y-joined.csv', and no columns_from"
    )


def test_a_frame_beside_files_is_saved_first() -> None:
    polars_frame(GOOD).write_csv("old.csv")
    assert refused("old.csv", "old.csv", numbers()) == (
        f"columns_from: is of type DataFrame, {FOLDER}save it, columns_from.write_csv('numbers.csv'), "
        "and give columns_from='numbers.csv', whose refusal says how its columns are written into "
        "the files"
    )


@pytest.mark.parametrize("given", [3, np.zeros(3)])
def test_what_has_no_ids_is_refused(given: Any) -> None:
    assert refused(GOOD, BAD, given) == (
        f"columns_from: is of type {type(given).__name__}, {FOLDER}to use a table, it needs a "
        "column of ids, such as example_id"
    )
