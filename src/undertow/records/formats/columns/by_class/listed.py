"""Finds the probabilities of all classes in one column of lists, and says how they become a column
for each class."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from undertow.records.formats.columns.commands.class_naming import by_place
from undertow.records.formats.columns.values import values_of
from undertow.records.order_by_answers import names_by_answers
from undertow.records.order_told import CLASSES, LONGEST_TYPED, NOTHING, WHERE, Names
from undertow.records.records import MISSING
from undertow.records.usual_names import LABEL, those_called

IF_GOOD = (
    ", if the model is about that good (answers that were exchanged would not show: check the "
    "order against model.classes_ or config.id2label)"
)
MAY_MISS, OFF_ONE = 0.05, 0.02
"""Share of rows that may miss the sum of 1, and by how much one does."""


class Listed(NamedTuple):
    """A column of lists as columns ``p_<class>``: what is said of the order of the classes, and the
    names as Python has them."""

    column: str
    order: str
    typed: str
    told: bool = False
    """Whether answers told the order."""

    def command(self, path: Path, frame: pl.DataFrame, called: str, keys: Sequence[str]) -> str:
        """``called`` is what the file calls the column."""
        cells = frame[self.column]
        return by_place(path, called, cells, self.typed, keys, told=self.told)


def listed_probabilities(frame: pl.DataFrame, columns: Sequence[str]) -> Listed | None:
    """The first of these columns that holds as many numbers in every row, which sum to 1."""
    name = next((c for c in columns if _are_probabilities(frame[c])), None)
    if name is None:
        return None
    label = next(
        (frame[c] for c in those_called(LABEL, frame.columns) if values_of(frame[c])), None
    )
    return Listed(name, *_named(frame[name], label))


def _named(column: pl.Series, label: pl.Series | None) -> tuple[str, str, bool]:
    """Numbers, where labels are some; else their names, in the order that the likeliest classes
    tell."""
    rows = _lists(column)
    count = int(rows.drop_nulls().list.len()[0])
    if label is None or values_of(label) <= {*map(str, range(count))}:
        return "", f'[f"p_{{i}}" for i in range({count})]', False
    order = order_told(rows, label)
    return order.said, _prefixed(order.typed), order.told


class Order(NamedTuple):
    """What is said of the order of classes, their names as Python has them, and whether answers
    told it."""

    said: str
    typed: str
    told: bool


def order_told(rows: pl.Series, label: pl.Series) -> Order:
    """The names in ``label`` in the order of the numbers of each row, if the likeliest classes tell
    it."""
    count = int(rows.drop_nulls().list.len()[0])
    likeliest_N = rows.list.arg_max().cast(pl.Int64).fill_null(MISSING).to_numpy()
    return order_said(names_by_answers(label.cast(pl.String), [likeliest_N], count), count)


def order_said(names: Names | None, count: int) -> Order:
    """The same of names that answers told, or of none."""
    if names is not None:
        typed = json.dumps(names.ordered, ensure_ascii=False)
        if len(typed) <= LONGEST_TYPED:
            return Order(f"; {names.told}{IF_GOOD}", typed, told=True)
    write = (
        f"; {NOTHING}, so write the {count:,} names in place of {CLASSES}, in the order of the "
        f"model's training {WHERE}"
    )
    return Order(write, CLASSES, told=False)


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
