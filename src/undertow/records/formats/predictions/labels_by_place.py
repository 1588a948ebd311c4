"""Right answers of which a place, in their file or beside predictions, is all or part of what tells
whose they are."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.scaling import reading_typed, text_typed
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.predictions.columns import as_text
from undertow.records.formats.predictions.label_arrays import (
    BY_NUMBER,
    BY_ROW,
    by_number,
    label_array,
)
from undertow.records.formats.predictions.label_names import refuse_numbers_of_names
from undertow.records.formats.predictions.label_rows import (
    refuse_other_order,
    refuse_two_readings,
)
from undertow.records.formats.predictions.label_saving import saved_in_order


def labels_in_array(
    path: Path, sheets: list[Sheet], notes: list[str], keys: tuple[str, ...]
) -> pl.DataFrame:
    """Labels by their ids, or in the order of a file, which all files must then share."""
    first = sheets[0]
    found = label_array(path, first.frame["example_id"], first.source)
    refuse_numbers_of_names(path, found, sheets, keys)
    if found.told_by is None:
        refuse_rows_of_others(path, found.table, sheets, (str(found.ids), str(found.key)), keys)
    elif found.told_by == BY_NUMBER:
        for sheet in sheets:
            refuse_two_readings(path, found.table, sheet, keys)
    _note_told(path, found.table, found.told_by, sheets, notes, keys)
    return found.table


def _note_told(
    path: Path,
    table: pl.DataFrame,
    told_by: str | None,
    sheets: list[Sheet],
    notes: list[str],
    keys: tuple[str, ...],
) -> None:
    """Notes how labels without ids were told, and refuses rows in two orders."""
    first, *others = sheets
    if told_by == BY_NUMBER and any(sheet.frame.height != table.height for sheet in sheets):
        notes.append(f"{path}: {BY_NUMBER}")
    if told_by != BY_ROW:
        return
    notes.append(f"{path}: {BY_ROW} {first.source}.")
    for other in others:
        if not other.frame["example_id"].equals(first.frame["example_id"]):
            which = f"they are in the order of {first.source}"
            raise TableError(
                f"{path}: names no examples, and the rows of {other.source} are in another "
                f"order than those of {first.source}; "
                f"{saved_in_order(path, Path(first.source), keys, which)}"
            )


def refuse_rows_of_others(
    path: Path,
    table: pl.DataFrame,
    sheets: list[Sheet],
    names: tuple[str, str],
    keys: tuple[str, ...],
) -> None:
    for sheet in sheets:
        if sheet.numbered:
            refuse_other_order(path, table, sheet, names, keys)


def labels_in_column(
    path: Path, column: pl.Series, sheets: list[Sheet], notes: list[str], keys: tuple[str, ...]
) -> pl.DataFrame:
    """Labels without ids: those of rows where predictions have none either."""
    first = sheets[0]
    ids = first.frame["example_id"]
    if first.numbered:
        label = as_text(path, column.alias("label"), column.name)
        table, told_by = by_number(path, label, ids, first.source)
        _note_told(path, table, told_by, sheets, notes, keys)
        return table
    cure = f"it has {len(column):,} rows and {first.source} {len(ids):,}; add a column of ids"
    if len(ids) == len(column):
        values = f"{reading_typed(path, keys)}[{text_typed(column.name)}]"
        which = f"its rows are in the order of {first.source}"
        cure = saved_in_order(path, Path(first.source), keys, which, values)
    raise TableError(
        f"{path}: has one column, {column.name!r}, and a table of labels is joined by its ids; "
        f"{cure}"
    )
