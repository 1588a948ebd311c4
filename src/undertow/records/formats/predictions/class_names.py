"""Reads the names of classes that ``datasets`` keeps in the metadata of a Parquet file.

The column itself holds whole numbers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.tables import silent_panics
from undertow.records.opening import open_file
from undertow.records.parquet_pages import MAGIC
from undertow.records.records import MISSING

METADATA = "huggingface"


def class_names(path: Path) -> dict[str, tuple[str, ...]]:
    """Returns the names by column, in the order of their numbers; nothing for any other file.

    Never raises.
    """
    try:
        with open_file(path) as file:
            if file.read(len(MAGIC)) != MAGIC:
                return {}
        with silent_panics():
            metadata = pl.read_parquet_metadata(path)
        features = json.loads(metadata[METADATA])["info"]["features"]
        found: dict[str, Any] = {
            str(c): f.get("names")
            for c, f in features.items()
            if isinstance(f, dict) and f.get("_type") == "ClassLabel"
        }
    except (Exception, pl.exceptions.PanicException):
        return {}
    return {c: tuple(map(str, names)) for c, names in found.items() if _are_names(names)}


def named(path: Path, column: pl.Series, classes: tuple[str, ...]) -> pl.Series:
    """Replaces whole numbers by the names that the file gives them; -1 means none."""
    if not column.dtype.is_integer() or not classes:
        return column
    known = column.drop_nulls()
    outside = known.filter(~known.is_between(MISSING, len(classes) - 1))
    if len(outside):
        raise TableError(
            f"{path}: {column.name} is {outside[0]}, but the file names {len(classes)} classes"
        )
    names = [None if v is None or v < 0 else classes[v] for v in column.to_list()]
    return pl.Series(column.name, names, dtype=pl.String)


def _are_names(names: Any) -> bool:
    return isinstance(names, list) and len(names) > 0 and len({str(n) for n in names}) == len(names)
