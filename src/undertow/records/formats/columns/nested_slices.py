"""Refuses a slice within a nested column, such as ``{"meta": {"topic": "law"}}``, with what writes
it as a column of its own."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.scaling import unnested
from undertow.records.reading import Reading
from undertow.records.usual_names import flag_of

MOST_SHOWN = 6


def refuse_nested_slices(path: Path, frame: pl.DataFrame, reading: Reading) -> None:
    """Raises ``TableError`` for a column that was asked for, to slice by or as clusters, and is
    nested or stands within one that is."""
    nested = {c.name: fields for c in frame if (fields := _fields(c))}
    for name in sorted(reading.wanted) if nested else ():
        found = None if name in frame.columns and name not in nested else _place(name, nested)
        if found is not None:
            raise TableError(_said(path, frame, name, found, reading))


def _fields(column: pl.Series) -> list[str]:
    """Those that hold one value each; none of a picture."""
    fields = column.dtype.fields if isinstance(column.dtype, pl.Struct) else []
    if any(field.dtype == pl.Binary for field in fields):
        return []
    return [f.name for f in fields if not f.dtype.is_nested()]


def _place(name: str, nested: dict[str, list[str]]) -> tuple[str, list[str]] | None:
    """The nested column, and its fields that can be meant."""
    if name in nested:
        return name, nested[name]
    for column, fields in nested.items():
        meant = [field for field in fields if name in (field, f"{column}.{field}")]
        if meant:
            return column, meant
    return None


def _said(
    path: Path, frame: pl.DataFrame, name: str, found: tuple[str, list[str]], reading: Reading
) -> str:
    column, fields = found
    field = fields[0]
    called = f"{column}.{field}" if field in frame.columns else field
    flag = "cluster" if name == reading.cluster else "by"
    some = ", ".join(map(repr, fields[:MOST_SHOWN])) + " …" * (len(fields) > MOST_SHOWN)
    write = "write it as a column" if len(fields) == 1 else "write one as a column"
    give = "what this writes" if os.path.isfile(path) else "this in its place"
    asked = "" if called == name else f" with {flag_of(flag, called)}"
    return (
        f"{path}: has {some} within its column {column!r}, asked for with {flag_of(flag, name)}; "
        f"{write}, and give {give}{asked}: {unnested(path, column, field, called, reading.keys)}"
    )
