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
from undertow.records.formats.columns.flags import flags_meant
from undertow.records.formats.columns.meant import UNKNOWN
from undertow.records.formats.decoding.tables import NAMELESS
from undertow.records.formats.predictions.class_names import named
from undertow.records.reading import NO_ID
from undertow.records.usual_names import (
    PREDICTION,
    flag_of,
    has_columns,
    those_called,
)
from undertow.report.wording import line

NO_NAME = "__index_level_0__"
"""What pandas calls an index without a name when it exports one."""
FLAT = frozenset({"Value", "ClassLabel"})
"""Features of a dataset that are one value; pictures and lists are not read."""


def is_table(value: object) -> bool:
    """Whether this is a frame or a dataset, and not a single column."""
    if isinstance(value, pl.DataFrame | pl.LazyFrame) or _is_dataset(value):
        return True
    exports = hasattr(value, "__arrow_c_stream__") or hasattr(value, "__dataframe__")
    return exports and (hasattr(value, "columns") or hasattr(value, "column_names"))


def table_of(
    called: str, value: Any, keys: Sequence[str] = (), predictions: Sequence[str] = ()
) -> pl.DataFrame:
    """The frame, with the index of pandas as a column where ``keys`` call it the one of ids.
    ``predictions`` are columns of a dataset that are known to be predictions."""
    if isinstance(value, pl.LazyFrame):
        return value.collect()
    if isinstance(value, pl.DataFrame):
        return value
    if _is_dataset(value):
        return _from_dataset(called, value, predictions)
    _refuse_repeated(called, value)
    try:
        return _with_index(value, _from_arrow(value), keys)
    except Exception as problem:  # Such as no pyarrow beside pandas, or a column of mixed types.
        if not is_pandas(value):
            raise _unreadable(called, value, problem) from problem
    try:
        return _with_index(value, _from_pandas(value), keys)
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
        columns.append(_column(str(frame.index.name or NO_NAME), index))
    return pl.DataFrame(columns)


def names_examples(value: Any, keys: Sequence[str]) -> bool:
    """Whether a frame has ids: a column, or an index of pandas, of one of these names."""
    return not {*_names(value)}.isdisjoint(keys) or _index_asked(value, keys) is not None


def is_index(value: Any, key: str) -> bool:
    """Whether these ids are the index of a frame of pandas and no column."""
    return key not in _names(value) and _index_asked(value, (key,)) is not None


def refuse_nameless(called: str, value: Any, table: pl.DataFrame) -> None:
    """Raises ``UserError`` for a frame of pandas in which no column can be the ids, so that its
    index has to be. Nobody asked for a column of ids."""
    table = table.drop(NO_NAME, strict=False)
    nameless = flags_meant(table).startswith((flag_of("id", UNKNOWN), flag_of("id", NO_ID)))
    if is_pandas(value) and nameless:
        raise UserError(
            f"{called}: has no column 'example_id', by which frames are joined; "
            f"{has_columns(table.columns)}; if its index names the examples, add "
            f"{flag_of('id', NAMELESS)}, else make a column of ids, or, if the rows of both sides "
            f"are in one order, add {flag_of('id', NO_ID)}"
        )


def index_called(value: Any) -> str | None:
    """What the index of pandas is called. One without a name is called as ``reset_index`` does."""
    if not is_pandas(value):
        return None
    return str(NAMELESS if value.index.name is None else value.index.name)


def _index_asked(value: Any, keys: Sequence[str]) -> str | None:
    """The same where it is asked for as ids."""
    name = index_called(value)
    return name if name in keys else None


def _with_index(value: Any, table: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """With the index where it is asked for: pandas exports none that only counts rows, and one
    without a name under a name of its own."""
    name = _index_asked(value, keys)
    if name is None or name in table.columns:
        return table
    return table.drop(NO_NAME, strict=False).with_columns(_column(name, value.index.to_series()))


def is_pandas(value: Any) -> bool:
    return hasattr(value, "isna") and hasattr(value, "index")


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
    counts = Counter(_names(value))
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise UserError(f"{called}: has two columns named {twice[0]!r}; rename or remove one")


def _names(value: Any) -> list[str]:
    if isinstance(value, pl.LazyFrame):
        return value.collect_schema().names()
    names = getattr(value, "column_names", None)
    return [*map(str, value.columns if names is None else names)]


def _unreadable(called: str, value: object, problem: Exception) -> UserError:
    return UserError(
        f"{called}: this {type(value).__name__} does not become a table "
        f"({line(str(problem), 160)}); give a polars or pandas frame of plain columns"
    )
