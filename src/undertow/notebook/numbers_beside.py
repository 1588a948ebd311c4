"""A table of numbers by id where a population folder was asked for, beside what is in memory: what
a person types to have its columns."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from undertow.errors import UserError
from undertow.notebook.given import Entry, first_of
from undertow.notebook.messages import in_python
from undertow.notebook.right_answers import key_of
from undertow.notebook.tables import NO_NAME, is_index, is_pandas, is_table, table_of
from undertow.records.columns_file import MEANT, NO_IDS, Numbers, numbers_in_file, to_labels
from undertow.records.formats.columns.commands.new_table import READ
from undertow.records.formats.decoding.tables import kind_of
from undertow.records.usual_names import ID

FRAME = "columns_from"
"""What the messages call a frame that was given in place of a folder."""


def folder_of(given: Any, reference: Entry, labels: Any, keys: tuple[str, ...]) -> Path | None:
    """The folder after ``columns_from``. Raises ``UserError`` for a frame, and for a file beside
    what is in memory."""
    is_path = isinstance(given, str | os.PathLike)
    if given is None or (is_path and not os.path.isfile(given)):
        return None if given is None else Path(given)
    called, value = first_of(reference)
    in_files = isinstance(value, str | os.PathLike)
    if is_path and in_files:
        return Path(given)  # It is refused with what to type for files.
    what = "a file" if is_path else f"of type {type(given).__name__}"
    said = f"columns_from{f'={str(given)!r}' if is_path else ''}: {MEANT.replace('a file', what)}"
    numbers = numbers_in_file(Path(given), keys) if is_path else _numbers(given, value, keys)
    if numbers is None:
        raise UserError(f"{said}; {NO_IDS}")
    if in_files:
        raise UserError(
            f"{said}; save it, {FRAME}.{_writing(given)}, and give columns_from='numbers.csv', "
            "whose refusal says how its columns are written into the files"
        )
    if is_table(value):
        made = _joined(called, value, numbers, keys)
        raise UserError(
            f"{said}; join its columns to {called}: give {made} in place of {called}, and no "
            "columns_from"
        )
    raise UserError(f"{said}; {_to_labels(called, value, labels, numbers, keys)}")


def _numbers(given: Any, value: Any, keys: tuple[str, ...]) -> Numbers | None:
    """A frame with ids, and what a person types for it beside ``value``."""
    if not is_table(given):
        return None
    table = table_of(FRAME, given, keys).drop(NO_NAME, strict=False)
    key = key_of(table, (*keys, *ID))
    return None if key is None else Numbers(Path(_frame(given, key, value)), key, table.columns)


def _frame(given: Any, key: str, value: Any) -> str:
    """What a person types for a frame of numbers, in the library of the frame ``value``."""
    typed = f"{FRAME}.reset_index()" if is_index(given, key) else FRAME
    if is_pandas(given) == is_pandas(value):
        return typed
    return f"polars.DataFrame({typed})" if is_pandas(given) else f"{typed}.to_pandas()"


def _joined(called: str, value: Any, numbers: Numbers, keys: tuple[str, ...]) -> str:
    """A frame with the columns of ``numbers``."""
    table = table_of(called, value, keys)
    key = key_of(table, (*keys, *ID)) or "example_id"
    new = [numbers.key, *numbers.beside(table.columns)]
    if is_pandas(value):
        frame = f"{called}.reset_index()" if is_index(value, key) else called
        read = _read(numbers, "pandas", f"{frame}[{key!r}].dtype")
        return f"{frame}.merge({read}[{new}], {_on(key, numbers.key)})"
    frame = called if isinstance(value, pl.DataFrame) else f"polars.DataFrame({called})"
    frame = f"{called}.collect()" if isinstance(value, pl.LazyFrame) else frame
    frame = f"{called}.to_polars()" if hasattr(value, "to_polars") else frame
    read = _read(numbers, "polars", f"{frame}[{key!r}].dtype")
    return f"{frame}.join({read}.select({new}), {_on(key, numbers.key)})"


def _to_labels(
    called: str, value: Any, labels: Any, numbers: Numbers, keys: tuple[str, ...]
) -> str:
    """Arrays have no columns, but those of a frame of labels are theirs."""
    if labels is not None and is_table(labels) and key_of(table_of("labels", labels, keys), keys):
        made = _joined("labels", labels, numbers, keys)
        return f"join its columns to the labels: give labels={made}, and no columns_from"
    if isinstance(labels, str | os.PathLike) and numbers.path.is_file():
        return in_python(to_labels(numbers, Path(labels), keys))
    if isinstance(labels, str | os.PathLike) or is_table(labels):
        return f"write its columns into labels, as {called} is an array, and leave columns_from out"
    held = "" if labels is None else ", 'label': list(labels)"
    rows = f"polars.DataFrame({{'example_id': range({_height(value)}){held}}})"
    read = _read(numbers, "polars", "polars.Int64")
    new = [numbers.key, *numbers.beside(["example_id", "label"])]
    made = f"{rows}.join({read}.select({new}), {_on('example_id', numbers.key)})"
    return (
        f"if its ids are the numbers of rows, from 0, join its columns to the labels: give "
        f"labels={made}, and no columns_from"
    )


def _height(value: Any) -> int:
    """How many examples an array of answers has."""
    shape = np.shape(value)
    scored = len(shape) > 1 and np.asarray(value).dtype.kind == "f"
    return int(shape[-2 if scored else -1])


def _on(key: str, other: str) -> str:
    same = f"on={key!r}" if key == other else f"left_on={key!r}, right_on={other!r}"
    return f"{same}, how='left'"


def _read(numbers: Numbers, library: str, dtype: str) -> str:
    """What a person types for the table, whose ids are of this ``dtype``."""
    if not numbers.path.is_file():
        return str(numbers.path)
    found = kind_of(numbers.path, (numbers.key,))
    kind = "CSV" if found is None else found[0]
    path = repr(str(numbers.path))
    if kind == "CSV":
        types = "dtype" if library == "pandas" else "schema_overrides"
        return f"{library}.read_csv({path}, {types}={{{numbers.key!r}: {dtype}}})"
    if library == "pandas":
        lines = ", lines=True" if kind == "JSON lines" else ""
        return f"pandas.read_{'parquet' if kind == 'Parquet' else 'json'}({path}{lines})"
    return f"polars.{READ[kind][0]}({path})"


def _writing(value: Any) -> str:
    return "to_csv('numbers.csv')" if hasattr(value, "to_csv") else "write_csv('numbers.csv')"
