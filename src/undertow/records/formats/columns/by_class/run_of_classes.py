"""Refuses columns that sum to 1 in every row and are not called after the classes, with the command
that calls them so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.records.formats.columns.by_class.class_sets import rows_of
from undertow.records.formats.columns.by_class.classes_meant import run_meant
from undertow.records.formats.columns.by_class.listed import Order, order_told
from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.commands.class_naming import called_by_class
from undertow.records.formats.columns.flags import flags_meant, who
from undertow.records.formats.columns.meant import UNKNOWN, columns_meant
from undertow.records.formats.columns.values import values_of
from undertow.records.usual_names import flag_of

OURS = "p_"


def refuse_run(path: Path, frame: pl.DataFrame, keys: Sequence[str], said: str) -> None:
    """Raises ``TableError`` that begins as ``said``, where nothing else holds answers."""
    columns = run_meant(frame)
    if not columns:
        return
    meant = columns_meant(frame)
    order = _order(frame, columns, meant.label)
    flags = flags_meant(frame.rename({c: f"{OURS}{c}" for c in columns}))
    flags += f" {flag_of('label', UNKNOWN)}" if meant.label is None else ""
    named = ", ".join(map(repr, columns[:2])) + (" and the like" if len(columns) > 2 else "")
    key, summed = meant.id or columns[0], f"{said}; {named} sum to 1 in every row"
    label = "" if meant.label == "label" else f" {flag_of('label', meant.label or UNKNOWN)}"
    raise InOneColumn.of(
        f"{summed} and look like the probability of each class"
        f"{order.said}: call them p_<class>, and name its columns with {flags}",
        called_by_class(path, columns, order.typed, keys, told=order.told),
        order.typed,
        order.told,
        cells=frame.select([*dict.fromkeys([key, *columns])]).sort(key),
        if_same=f"{summed}, but are the same in all files, so they are no answers of a model; name "
        f"its columns with {' '.join(who(meant))} {flag_of('prediction', UNKNOWN)}{label}",
    )


def _order(frame: pl.DataFrame, columns: Sequence[str], label: str | None) -> Order:
    """The names of the classes: those of the columns where no label has others."""
    if label is None:
        begin = _beginning(columns)
        names = [c.removeprefix(begin) for c in columns]
        return Order("", json.dumps(names, ensure_ascii=False), told=False)
    if values_of(frame[label]) <= {*map(str, range(len(columns)))}:
        return Order("", json.dumps([*map(str, range(len(columns)))]), told=False)
    return order_told(rows_of(frame, columns), frame[label])


def _beginning(columns: Sequence[str]) -> str:
    """The longest that all begin with, up to where a word ends."""
    ends = [n + 1 for n, sign in enumerate(columns[0]) if sign in "_-. "]
    begins = (columns[0][:end] for end in reversed(ends) if end < len(columns[0]))
    return next((b for b in begins if all(c.startswith(b) and c != b for c in columns)), "")
