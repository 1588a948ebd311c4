"""Finds the probabilities of all classes in one column of lists, and says how they become a column
for each class."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from undertow.records.formats.columns.scaling import by_place
from undertow.records.formats.columns.values import values_of
from undertow.records.usual_names import LABEL, those_called

MAY_MISS, OFF_ONE = 0.05, 0.02
"""Share of rows that may miss the sum of 1, and by how much one does."""
LONGEST_TYPED = 500
TO_WRITE = "CLASSES"
"""Stands for names that a person has to write."""


class Listed(NamedTuple):
    """A column of lists as columns ``p_<class>``: what is said of the order of the classes, and the
    names as Python has them."""

    column: str
    order: str
    typed: str

    def command(self, path: Path, frame: pl.DataFrame, called: str, keys: Sequence[str]) -> str:
        """``called`` is what the file calls the column."""
        return by_place(path, called, frame[self.column], self.typed, keys)


def listed_probabilities(frame: pl.DataFrame, columns: Sequence[str]) -> Listed | None:
    """The first of these columns that holds as many numbers in every row, which sum to 1."""
    name = next((c for c in columns if _are_probabilities(frame[c])), None)
    if name is None:
        return None
    label = next(
        (frame[c] for c in those_called(LABEL, frame.columns) if values_of(frame[c])), None
    )
    return Listed(name, *_named(frame[name], label))


def _named(column: pl.Series, label: pl.Series | None) -> tuple[str, str]:
    """Numbers, where labels are some; else their names, in the order of the likeliest classes."""
    rows = _lists(column)
    count = int(rows.drop_nulls().list.len()[0])
    if label is None or values_of(label) <= {*map(str, range(count))}:
        return "", f'[f"p_{{i}}" for i in range({count})]'
    both = pl.DataFrame({"number": rows.list.arg_max(), "name": label.cast(pl.String)}).drop_nulls()
    seen = both.group_by("number", "name").len().sort("len", "name", descending=[True, False])
    most = seen.unique("number", keep="first", maintain_order=True).sort("number")
    names, typed = most["name"].to_list(), json.dumps(most["name"].to_list(), ensure_ascii=False)
    if len(names) == count == len(set(names)) and len(typed) <= LONGEST_TYPED:
        return ", whose names are guessed from the labels where each is highest", _prefixed(typed)
    write = f", whose {count:,} names have to be written in their order in place of {TO_WRITE}"
    return write, _prefixed(TO_WRITE)


def _prefixed(names: str) -> str:
    return f'["p_" + c for c in {names}]'


def _lists(column: pl.Series) -> pl.Series:
    return column.arr.to_list() if isinstance(column.dtype, pl.Array) else column


def _are_probabilities(column: pl.Series) -> bool:
    inner = getattr(column.dtype, "inner", None)
    if not isinstance(column.dtype, pl.List | pl.Array) or inner is None or not inner.is_float():
        return False
    rows = _lists(column).drop_nulls()
    if not len(rows) or rows.list.len().n_unique() != 1 or rows.list.len()[0] < 2:
        return False
    if not rows.list.min().ge(0).all() or not rows.list.max().le(1).all():
        return False
    return ((rows.list.sum() - 1).abs() > OFF_ONE).sum() <= MAY_MISS * len(rows)
