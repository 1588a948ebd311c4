"""A table of numbers after --columns-from beside arrays: what to type works at once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import suggested
import undertow
from undertow.errors import UserError

LABEL = np.arange(200) % 2
GOOD = np.where(np.arange(200) % 10 == 0, 1 - LABEL, LABEL)
BAD = np.where(np.arange(200) % 4 < 1, 1 - LABEL, LABEL)
FOLDER = (
    "is a file, and a folder is meant that holds a population of models (of undertow train or "
    "undertow convert); "
)
BY_ID = (
    '.with_columns(pl.col("example_id").cast(str)).join(pl.read_csv("hard.csv", '
    'infer_schema=False).select(pl.col("example_id").cast(str){}, "depth"), on="example_id", '
    'how="left").write_csv("{}")\', and give '
)
BESIDE = f"columns_from='hard.csv': {FOLDER}write its columns beside the labels: python -c 'import "
ROWS = 'pl.DataFrame({"example_id": numpy.arange(len(y)).astype(str), "label": '


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ids = np.arange(200)[::-1]
    pl.DataFrame({"example_id": ids, "depth": ids % 7}).write_csv("hard.csv")


def refused(old: str, new: str, labels: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        undertow.compare(old, new, labels=labels, cross="depth", columns_from="hard.csv")
    return str(caught.value)


def crosses(message: str, old: str, new: str, labels: str | None = None) -> bool:
    """Whether the comparison crosses the column once the suggested command was run."""
    (command,) = re.findall(r"python -c '[^']*'", message)
    suggested.do(command)
    return "depth: " in str(undertow.compare(old, new, labels=labels, cross="depth"))


def saved(**more: object) -> None:
    np.savez("a.npz", preds=GOOD, **more)  # type: ignore[arg-type]
    np.savez("b.npz", preds=BAD, **more)  # type: ignore[arg-type]


def test_labels_of_the_arrays_and_numbers_become_one_table() -> None:
    saved(y_true=LABEL)
    message = refused("a.npz", "b.npz")
    assert message == (
        f'{BESIDE}numpy, polars as pl; y = numpy.load("a.npz")["y_true"]; {ROWS}y}})'
        f"{BY_ID.format('.alias(' + chr(34) + 'example_id' + chr(34) + ')', 'hard-labels.csv')}"
        "labels='hard-labels.csv', and no columns_from"
    )
    assert crosses(message, "a.npz", "b.npz", "hard-labels.csv")


def test_labels_below_zero_stay_none_and_ids_stay() -> None:
    saved(ids=np.arange(200), labels=np.where(np.arange(200) < 3, -1, LABEL))
    message = refused("a.npz", "b.npz")
    assert message == (
        f'{BESIDE}numpy, polars as pl; y = numpy.load("a.npz")["labels"]; '
        'pl.DataFrame({"example_id": numpy.load("a.npz")["ids"], "label": numpy.where(y < 0, "", '
        "y.astype(int).astype(str))})"
        f"{BY_ID.format('.alias(' + chr(34) + 'example_id' + chr(34) + ')', 'hard-labels.csv')}"
        "labels='hard-labels.csv', and no columns_from"
    )
    assert crosses(message, "a.npz", "b.npz", "hard-labels.csv")


def test_a_table_of_labels_takes_the_columns() -> None:
    saved()
    pl.DataFrame({"example_id": range(200), "label": LABEL}).write_csv("y.csv")
    message = refused("a.npz", "b.npz", "y.csv")
    assert message == (
        f"columns_from='hard.csv': {FOLDER}write its columns into the labels: python -c 'import "
        'polars as pl; pl.read_csv("y.csv", infer_schema=False)'
        f"{BY_ID.format('', 'y-joined.csv')}labels='y-joined.csv', and no columns_from"
    )
    assert crosses(message, "a.npz", "b.npz", "y-joined.csv")


def test_a_table_on_the_other_side_takes_them() -> None:
    saved(y_true=LABEL)
    pl.DataFrame({"id": range(200), "prediction": BAD, "label": LABEL}).write_csv("t.csv")
    assert refused("a.npz", "t.csv") == (
        f"columns_from='hard.csv': {FOLDER}write its columns into the predictions: python -c 'import "
        'polars as pl; pl.read_csv("t.csv", infer_schema=False).with_columns(pl.col("id").cast(str))'
        '.join(pl.read_csv("hard.csv", infer_schema=False).select(pl.col("example_id").cast(str)'
        '.alias("id"), "depth"), on="id", how="left").write_csv("t-joined.csv")\', and give '
        "t-joined.csv id='id' in place of t.csv, and no columns_from"
    )


def test_without_labels_a_table_of_them_is_asked_for() -> None:
    saved()
    assert refused("a.npz", "b.npz") == (
        f"columns_from='hard.csv': {FOLDER}arrays have no columns: write a table of labels that has "
        "them, with example_id and label, and give it after labels, and no columns_from"
    )


def test_a_file_without_ids() -> None:
    saved(y_true=LABEL)
    Path("hard.csv").write_text("depth\n1\n")
    assert refused("a.npz", "b.npz") == (
        f"columns_from='hard.csv': {FOLDER}to use a table, it needs a column of ids, such as "
        "example_id"
    )
