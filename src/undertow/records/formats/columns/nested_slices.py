"""Refuses a slice within a nested column, such as ``{"meta": {"topic": "law"}}``, with the name by
which it is asked for."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.values import is_nested
from undertow.records.formats.columns.within import DOT, fields_in, is_within
from undertow.records.reading import Reading
from undertow.records.usual_names import flag_of

MOST_SHOWN = 6


def refuse_nested_slices(path: Path, frame: pl.DataFrame, reading: Reading) -> None:
    """Raises ``TableError`` for a column that was asked for, to slice by or as clusters, and is
    nested or stands within one that is."""
    if not any(map(is_within, frame)):
        return
    fields = [name for name, field in fields_in(frame).items() if not is_nested(field)]
    for name in sorted(reading.wanted):
        flat = name in frame.columns and not is_within(frame[name])
        found = [] if flat else [f for f in fields if _is_meant(name, f)]
        if found:
            raise TableError(_said(path, name, found, reading))


def _is_meant(name: str, field: str) -> bool:
    """Whether the name is that of the field, or of a column that it stands in."""
    return field.endswith(f"{DOT}{name}") or field.startswith(f"{name}{DOT}")


def _said(path: Path, name: str, found: list[str], reading: Reading) -> str:
    flag = "cluster" if name == reading.cluster else "by"
    some = ", ".join(map(repr, found[:MOST_SHOWN])) + " …" * (len(found) > MOST_SHOWN)
    return (
        f"{path}: has {some} in nested columns, asked for with {flag_of(flag, name)}; write "
        f"{flag_of(flag, found[0])}"
    )
