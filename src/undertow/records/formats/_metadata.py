"""Metadata of documents as slice columns: single values by name, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from undertow.records.formats._assemble import CLUSTERS
from undertow.records.formats._clustering import unasked
from undertow.records.formats._document import cluster, free_name, slices
from undertow.records.formats._log import LONGEST_VALUE, MOST_COLUMNS
from undertow.records.formats.decoding.values import fingerprint
from undertow.records.reading import Reading

LARGEST_WHOLE = 2**53


def with_metadata(
    frame: pl.DataFrame, rows: Sequence[Mapping[str, Any]], reading: Reading, task: str
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """``frame`` with those fields that can be slices, ``cluster`` where a field plainly says which
    examples share a text, and sentences about that."""
    columns = _columns(rows, reading, taken=frame.columns)
    frame = frame.with_columns(columns)
    found = None if reading.cluster is not None else cluster(frame, [c.name for c in columns], task)
    frame = slices(frame, [c.name for c in columns], reading)
    if found is None:
        return frame, ()
    said = f"{task}: {unasked(found[1])}"
    return frame.with_columns(found[0]), (said,)


def _columns(
    rows: Sequence[Mapping[str, Any]], reading: Reading, taken: Sequence[str]
) -> list[pl.Series]:
    names = dict.fromkeys(key for row in rows for key in row)
    made: dict[str, pl.Series] = {}
    for key in list(names)[:MOST_COLUMNS]:
        column = _column(key, [row.get(key) for row in rows], reading)
        name = free_name(key)
        if column is not None and name not in made and name not in taken:
            made[name] = column.alias(name)
    return list(made.values())


def _column(key: str, values: list[Any], reading: Reading) -> pl.Series | None:
    """A field of single values; long texts only where they tell which examples share them, as
    fingerprints."""
    known = [v for v in values if v is not None]
    if not known or not all(isinstance(v, str | int | float) for v in known):
        return None
    if all(isinstance(v, bool) for v in known):
        return pl.Series(values, dtype=pl.Boolean)
    if all(isinstance(v, int | float) and abs(v) < LARGEST_WHOLE for v in known):
        return pl.Series([None if v is None else float(v) for v in values], dtype=pl.Float64)
    texts = [
        None if v is None else v if isinstance(v, str) else str(v)[:LONGEST_VALUE] for v in values
    ]
    if key == reading.cluster or key in CLUSTERS:
        texts = [v if v is None or len(v) <= LONGEST_VALUE else f"#{fingerprint(v)}" for v in texts]
    elif any(len(v) > LONGEST_VALUE for v in texts if v is not None):
        return None
    return pl.Series(texts, dtype=pl.String)
