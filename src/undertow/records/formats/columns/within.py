"""Makes columns of the fields of nested columns, such as ``output.label`` of ``{"output": {"label":
"cat"}}``, where a person names one so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase

import polars as pl

from undertow.records.reading import Reading, alternatives
from undertow.records.usual_names import plain

DOT = "."
DEEPEST = 8
"""Columns within one another that are looked into."""


def is_within(column: pl.Series) -> bool:
    """Whether it holds fields; those of a picture say nothing."""
    fields = column.dtype.fields if isinstance(column.dtype, pl.Struct) else []
    return bool(fields) and not any(field.dtype == pl.Binary for field in fields)


def fields_in(frame: pl.DataFrame) -> dict[str, pl.Series]:
    """The fields of all nested columns, called by their place with dots between."""
    found = dict[str, pl.Series]()
    for column in frame:
        for field in _fields(column, DEEPEST):
            if field.name not in frame.columns:
                found.setdefault(field.name, field)
    return found


def _fields(column: pl.Series, deep: int) -> Iterator[pl.Series]:
    for field in column.struct.unnest() if deep and is_within(column) else ():
        field = field.alias(f"{column.name}{DOT}{field.name}")
        if is_within(field) and deep > 1:
            yield from _fields(field, deep - 1)
        else:
            yield field


def with_fields(frame: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """The table with the fields in place of nested columns, if one of them was asked for."""
    wanted = [name for name in _asked(reading) if DOT in name and name not in frame.columns]
    fields = fields_in(frame) if wanted else {}
    if not any(fnmatchcase(field, name) for name in wanted for field in fields):
        return frame
    flat = [column for column in frame if not is_within(column)]
    return pl.DataFrame([*flat, *fields.values()])


def _asked(reading: Reading) -> Iterator[str]:
    for given in reading.columns.values():
        yield from alternatives(given)
    yield from reading.wanted
    yield from () if reading.pick is None else (reading.pick,)


def is_there(name: str, columns: Collection[str]) -> bool:
    """Whether columns of these names may have it; for sniffing."""
    return name in columns or (DOT in name and name.split(DOT)[0] in columns)


def parts_called(usual: Iterable[str], field: str) -> bool:
    """Whether a part of its place is called so."""
    return any(plain(part) in usual for part in field.split(DOT))
