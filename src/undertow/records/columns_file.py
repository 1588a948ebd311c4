"""A table of numbers by id where a population folder was asked for: how its columns are had."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from undertow.errors import TableError, UserError
from undertow.records.formats.columns.commands.joining import joined
from undertow.records.formats.columns.commands.new_table import reading_typed
from undertow.records.formats.columns.commands.python_typed import text_typed
from undertow.records.formats.decoding.tables import column_names, parse
from undertow.records.formats.predictions.label_arrays import LabelArray, is_array, label_array
from undertow.records.formats.predictions.label_saving import loaded
from undertow.records.reading import Reading
from undertow.records.usual_names import ID, flag_of, plain

MEANT = (
    "is a file, and a folder is meant that holds a population of models (of undertow train or "
    "undertow convert)"
)
NO_IDS = "to use a table, it needs a column of ids, such as example_id"
ROWS = "numpy.arange(len(y)).astype(str)"
"""Ids of an array that names no examples."""


class Numbers(NamedTuple):
    """A table of numbers by id: its file, what it calls its ids, and its columns."""

    path: Path
    key: str
    columns: list[str]

    def beside(self, names: Sequence[str] | frozenset[str]) -> list[str]:
        """Those of its columns that a table with these names lacks."""
        return [name for name in self.columns if name != self.key and name not in names]


def numbers_in_file(path: Path, keys: Sequence[str]) -> Numbers | None:
    """The table in a file, if it is one with ids."""
    key = _key(path, (*keys, *ID))
    return None if key is None else Numbers(path, key, parse(path, (key,)).columns)


def refuse_columns_file(given: Path, files: Sequence[Path], reading: Reading) -> None:
    """Raises ``UserError`` where ``given`` is a file. Of a table it says how its columns come to
    the first table among ``files``, which are the predictions of all sides, or else to the labels
    of arrays."""
    if not os.path.isfile(given):
        return
    said = f"--columns-from {given}: {MEANT}"
    numbers = numbers_in_file(given, reading.keys)
    if numbers is None:
        raise UserError(f"{said}; {NO_IDS}")
    there = [path for path in files if os.path.isfile(path)]
    table = next((path for path in there if _key(path, (*reading.keys, *ID))), None)
    if table is not None:
        raise UserError(f"{said}; {_to_predictions(numbers, table, reading)}")
    array = next((path for path in there if is_array(path)), None)
    if array is not None:
        cure = to_labels(numbers, array if reading.labels is None else reading.labels, reading.keys)
        raise UserError(f"{said}; {cure}")
    raise UserError(f"{said}; write its columns into the table of predictions, by id")


def _to_predictions(numbers: Numbers, table: Path, reading: Reading) -> str:
    key = _key(table, reading.keys)
    called = str(key or _key(table, ID))
    new = numbers.beside([called, *column_names(table, (called,))])
    if not new:
        return f"{table} has all of its columns: leave --columns-from out"
    command, to = joined(table, called, numbers.path, numbers.key, new)
    flag = "" if key is not None else f" {flag_of('id', called)}"
    return (
        f"write its columns into the predictions: {command}, and give {to}{flag} in place of "
        f"{table}, and no --columns-from"
    )


def to_labels(numbers: Numbers, labels: Path, keys: Sequence[str]) -> str:
    """Arrays have no columns, but those of a table of labels are theirs. ``labels`` is the file
    that holds these."""
    key = None if is_array(labels) else _key(labels, (*keys, *ID))
    if key is not None:
        new = numbers.beside([key, *column_names(labels, (key,))])
        command, to = joined(labels, key, numbers.path, numbers.key, new)
        return (
            f"write its columns into the labels: {command}, and give --labels {to}, and no "
            "--columns-from"
        )
    with suppress(TableError):
        return f"{_with_labels_of(labels, numbers)}, and no --columns-from"
    return (
        "arrays have no columns: write a table of labels that has them, with example_id and label, "
        "and give it after --labels, and no --columns-from"
    )


def _with_labels_of(source: Path, numbers: Numbers) -> str:
    """A table of the labels in an array's file and the columns, by id."""
    found = label_array(source)
    to = numbers.path.with_name(f"{numbers.path.name.split('.')[0]}-labels.csv")
    ids = ROWS if found.names[0] is None else f"{loaded(source)}[{text_typed(found.names[0])}]"
    typed = ", ".join(map(text_typed, numbers.beside(["example_id", "label"])))
    theirs = f'pl.col({text_typed(numbers.key)}).cast(str).alias("example_id")'
    code = (
        f"import numpy, polars as pl; y = {found.loaded}; "
        f'pl.DataFrame({{"example_id": {ids}, "label": {_text_of(found)}}})'
        f'.with_columns(pl.col("example_id").cast(str)).join('
        f"{reading_typed(numbers.path, (numbers.key,))}.select({theirs}, {typed}), "
        f'on="example_id", how="left").write_csv({text_typed(str(to))})'
    )
    return (
        f"write its columns beside the labels: python -c {shlex.quote(code)}, and give "
        f"--labels {shlex.quote(str(to))}"
    )


def _text_of(found: LabelArray) -> str:
    """Negative numbers mean none, which is nothing in a table."""
    some_missing = found.label.null_count() and found.label.drop_nulls().str.contains(r"^\d").all()
    return 'numpy.where(y < 0, "", y.astype(int).astype(str))' if some_missing else "y"


def _key(path: Path, keys: Sequence[str]) -> str | None:
    """The column of ids, by the first of these names that the table has."""
    names = column_names(path, tuple(keys))
    exact = next((key for key in keys if key in names), None)
    return exact or next((name for key in keys for name in names if plain(name) == key), None)
