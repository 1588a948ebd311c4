"""Right answers from a file of their own, for predictions that come without."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats._join import Sheet
from undertow.records.formats._parse import parse

KEYS = ("example_id", "filename", "file", "index", "id")
LABELS = ("label", "labels", "target", "class")


def with_labels(sheets: list[Sheet], labels: Path | None) -> list[Sheet]:
    """Every sheet with the column ``label`` and further slices from the table, joined by ``example_id`` as text.

    The table's key is ``example_id``, ``filename``, ``index`` or ``id``. Raises ``TableError`` where no example of a
    sheet is in it; those that are not have no label.
    """
    return sheets if labels is None else [_joined(sheet, _table(labels), labels) for sheet in sheets]


def _table(path: Path) -> pl.DataFrame:
    frame = parse(path)
    key = next((name for name in KEYS if name in frame.columns), None)
    label = next((name for name in LABELS if name in frame.columns), None)
    if key is None or label is None:
        found = ", ".join(repr(c) for c in frame.columns[:12])
        raise TableError(f"{path}: has no pair of columns such as example_id and label; it has {found}")
    flat = frame.select([c for c in frame.columns if not frame[c].dtype.is_nested() and frame[c].dtype != pl.Binary])
    table = flat.rename({key: "example_id", label: "label"}) if (key, label) != ("example_id", "label") else flat
    table = table.with_columns(pl.col("example_id", "label").cast(pl.String))
    twice = table["example_id"].is_duplicated()
    if twice.any():
        raise TableError(
            f"{path}: {key} {table['example_id'].filter(twice)[0]!r} is there more than once; remove repeats"
        )
    return table


def _joined(sheet: Sheet, table: pl.DataFrame, path: Path) -> Sheet:
    own = [c for c in sheet.frame.columns if c == "example_id" or c not in table.columns]
    frame = sheet.frame.select(own).join(table, on="example_id", how="left", maintain_order="left")
    if frame["label"].null_count() == frame.height:
        raise TableError(
            f"{path}: has none of the examples of {sheet.source}: first {sheet.frame['example_id'][0]!r} there,"
            f" {table['example_id'][0]!r} here; name them alike"
        )
    return Sheet(sheet.member, sheet.source, frame)
