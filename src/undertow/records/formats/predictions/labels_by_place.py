"""Right answers of which a place, in their file or beside predictions, is all or part of what tells
whose they are."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.commands.new_table import reading_typed
from undertow.records.formats.columns.commands.python_typed import text_typed
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.predictions.columns import as_text
from undertow.records.formats.predictions.label_arrays import (
    LabelArray,
    is_array,
    label_array,
)
from undertow.records.formats.predictions.label_names import refuse_numbers_of_names
from undertow.records.formats.predictions.label_rows import labels_by_position
from undertow.records.formats.predictions.label_saving import (
    renumbered,
    saved_in_order,
    sorted_by_id,
)


def labels_in_array(
    path: Path, sheets: list[Sheet], notes: list[str], keys: tuple[str, ...]
) -> pl.DataFrame:
    """Labels by their ids, or by position."""
    found = label_array(path)
    refuse_numbers_of_names(path, found, sheets, keys)
    if found.ids is None:
        return labels_by_position(path, found, sheets, keys, notes)
    table = pl.DataFrame({"example_id": found.ids, "label": found.label})
    ids, label = found.names
    refuse_rows_of_others(path, table, sheets, (str(ids), str(label)), keys)
    return table


def refuse_rows_of_others(
    path: Path,
    table: pl.DataFrame,
    sheets: list[Sheet],
    names: tuple[str, str],
    keys: tuple[str, ...],
) -> None:
    for sheet in sheets:
        if sheet.numbered:
            _refuse_other_order(path, table, sheet, names, keys)


def _refuse_other_order(
    labels: Path,
    table: pl.DataFrame,
    sheet: Sheet,
    names: tuple[str, str],
    keys: tuple[str, ...],
) -> None:
    """The other way round: labels have ids, and ``sheet`` has none but the numbers of its rows.
    ``names`` are what the file of labels calls ids and labels."""
    rows = sheet.frame["example_id"]
    if len(rows) != table.height:
        return
    by_id = rows.to_frame().join(table, on="example_id", how="left", maintain_order="left")["label"]
    apart = table["label"].ne_missing(by_id).arg_true()
    if not len(apart):
        return
    n = apart[0]
    of_row, of_id = table["label"][n], by_id[n]
    is_table = not is_array(labels)
    cure = "else save the arrays with the ids of their rows, as npz with ids"
    if table["example_id"].is_in(rows.implode()).all():
        cure = (
            "if its ids are the numbers of rows, save it in their order, "
            f"{sorted_by_id(labels, names, keys, table=is_table)}"
        )
    raise TableError(
        f"{labels}: its ids are not 0, 1, 2 … in this order, and {sheet.source} has none, so "
        f"label i may be that of row i or that of id i (row {n} would have {_shown(of_row)} or "
        f"{_shown(of_id)}); if its rows are in the order of {sheet.source}, number them so, "
        f"{renumbered(labels, names, keys, table=is_table)}; {cure}"
    )


def _shown(label: str | None) -> str:
    return "none" if label is None else repr(label)


def labels_in_column(
    path: Path, column: pl.Series, sheets: list[Sheet], notes: list[str], keys: tuple[str, ...]
) -> pl.DataFrame:
    """Labels without ids: those of rows where predictions have none either."""
    first = sheets[0]
    ids = first.frame["example_id"]
    read = f"{reading_typed(path, keys)}[{text_typed(column.name)}]"
    values = f'{read}.cast(str).fill_null("").to_list()'
    if first.numbered:
        label = as_text(path, column.alias("label"), column.name)
        return labels_by_position(path, LabelArray(label, None, values), sheets, keys, notes)
    cure = f"it has {len(column):,} rows and {first.source} {len(ids):,}; add a column of ids"
    if len(ids) == len(column):
        which = f"its rows are in the order of {first.source}"
        cure = saved_in_order(path, values, first, keys, which)
    raise TableError(
        f"{path}: has one column, {column.name!r}, and a table of labels is joined by its ids; "
        f"{cure}"
    )
