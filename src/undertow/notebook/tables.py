"""Data frames of any library as polars frames. No library is imported for it: what was given brings
its own.

Frames come by the Arrow PyCapsule interface (polars, pandas, pyarrow, duckdb …), datasets of
Hugging Face by their Arrow table.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from undertow.errors import UserError
from undertow.records.formats.columns.names import PREDICTION, those_called
from undertow.records.formats.predictions.class_names import named
from undertow.report.wording import line

FLAT = frozenset({"Value", "ClassLabel"})
"""Features of a dataset that are one value; pictures and lists are not read."""


def is_table(value: object) -> bool:
    """Whether this is a frame or a dataset, and not a single column."""
    if isinstance(value, pl.DataFrame | pl.LazyFrame) or _is_dataset(value):
        return True
    exports = hasattr(value, "__arrow_c_stream__") or hasattr(value, "__dataframe__")
    return exports and (hasattr(value, "columns") or hasattr(value, "column_names"))


def table_of(called: str, value: Any, predictions: Sequence[str] = ()) -> pl.DataFrame:
    """The frame. ``predictions`` are columns of a dataset that are known to be predictions."""
    if isinstance(value, pl.LazyFrame):
        return value.collect()
    if isinstance(value, pl.DataFrame):
        return value
    if _is_dataset(value):
        return _from_dataset(called, value, predictions)
    _refuse_repeated(called, value)
    try:
        return _from_arrow(value)
    except Exception as problem:  # Such as no pyarrow beside pandas, or a column of mixed types.
        if not (hasattr(value, "isna") and hasattr(value, "index")):
            raise _unreadable(called, value, problem) from problem
    try:
        return _from_pandas(value)
    except Exception as problem:
        raise _unreadable(called, value, problem) from problem


class _Stream:
    """Nothing but the Arrow stream: of a pandas frame polars would leave out the index."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._value.__arrow_c_stream__(requested_schema)


def _from_arrow(value: Any) -> pl.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns of columns that are called by numbers.
        return pl.DataFrame(_Stream(value))


def _from_pandas(frame: Any) -> pl.DataFrame:
    """Column by column, where pandas has no Arrow to export with, or a column is of mixed types."""
    columns = [_column(str(name), frame[name]) for name in frame.columns]
    if type(frame.index).__name__ != "RangeIndex":
        index = frame.index.to_series()
        columns.append(_column(str(frame.index.name or "__index_level_0__"), index))
    return pl.DataFrame(columns)


def _column(name: str, values: Any) -> pl.Series:
    missing = values.isna().tolist()
    known = [None if gone else v for v, gone in zip(values.tolist(), missing, strict=True)]
    try:
        return pl.Series(name, known)
    except Exception:
        texts = [None if v is None else str(v) for v in known]
        return pl.Series(name, texts, dtype=pl.String)


def _is_dataset(value: object) -> bool:
    return hasattr(value, "with_format") and hasattr(value, "features")


def _from_dataset(called: str, value: Any, predictions: Sequence[str]) -> pl.DataFrame:
    """Its Arrow table, in the order of its rows, with the names of classes in place of their
    numbers."""
    if not hasattr(value, "__len__"):
        raise UserError(
            f"{called}: is a dataset that is streamed, so its rows cannot be looked up; load it "
            "without streaming"
        )
    kinds = {name: type(feature).__name__ for name, feature in value.features.items()}
    flat = [name for name, kind in kinds.items() if kind in FLAT]
    table = _from_arrow(value.with_format("arrow", columns=flat)[:])
    names = {c: tuple(value.features[c].names) for c in flat if kinds[c] == "ClassLabel"}
    for column in predictions or those_called(PREDICTION, flat)[:1]:
        if len(set(names.values())) == 1 and column in flat:  # Numbers of the same classes.
            names.setdefault(column, next(iter(names.values())))
    return table.select(named(Path(called), table[c], names.get(c, ())) for c in table.columns)


def _refuse_repeated(called: str, value: Any) -> None:
    names: Any = getattr(value, "column_names", None)
    counts = Counter(map(str, value.columns if names is None else names))
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise UserError(f"{called}: has two columns named {twice[0]!r}; rename or remove one")


def _unreadable(called: str, value: object, problem: Exception) -> UserError:
    return UserError(
        f"{called}: this {type(value).__name__} does not become a table "
        f"({line(str(problem), 160)}); give a polars or pandas frame of plain columns"
    )
