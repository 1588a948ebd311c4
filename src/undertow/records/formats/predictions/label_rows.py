"""Refuses right answers that go by position where a position may mean two examples: rows in two
orders, or ids that are numbers in another order than the rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError, UserError
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.predictions.label_arrays import BY_ROW, is_array
from undertow.records.formats.predictions.label_saving import (
    renumbered,
    saved_in_order,
    saved_with,
    sorted_by_id,
)
from undertow.records.records import Records


def refuse_rows_apart(
    sides: Sequence[Records], files: Sequence[Path], labels: Path | None, keys: Collection[str]
) -> None:
    """Raises ``UserError`` where one example has two labels, because label i was taken for row i of
    each file. ``files`` are the first of each side; ``keys`` are names of the column of ids."""
    by_row = [(side, path) for side, path in zip(sides, files, strict=True) if _goes_by_row(side)]
    if labels is None or not by_row:
        return
    (first, file), *others = by_row
    for side, path in others:
        both = _labelled(first).join(_labelled(side), on="id", maintain_order="left")
        apart = both.filter(pl.col("label") != pl.col("label_right"))
        if apart.height:
            example, one, other = apart.row(0)
            cure = saved_in_order(labels, file, keys, f"they are in the order of {file}")
            raise UserError(
                f"{labels}: its labels go by position, and the rows of {file} and {path} are in "
                f"two orders ({example!r} would be {one!r} in one and {other!r} in the other); "
                f"{cure}"
            )


def refuse_two_readings(
    labels: Path, table: pl.DataFrame, sheet: Sheet, keys: Collection[str]
) -> None:
    """Raises ``TableError`` where label i may be that of row i of ``sheet`` or of the example with
    id i, and the two are not the same. ``table`` has the labels of the ids 0, 1, …"""
    apart = two_readings(table, sheet)
    if apart is None:
        return
    n, of_row, of_id = apart
    raise TableError(
        f"{labels}: names no examples, and the ids of {sheet.source} are not in the order of its "
        f"rows, so label i may be that of row i or that of id i (row {n} has id "
        f"{sheet.frame['example_id'][n]!r}: {of_row!r} or {of_id!r}); "
        f"{either_way(labels, sheet, keys)}"
    )


def two_readings(table: pl.DataFrame, sheet: Sheet) -> tuple[int, str | None, str | None] | None:
    """The first row whose label by its place in ``table`` is not that by its id there, with both;
    ``None`` where there is none, or there are other numbers of them."""
    if sheet.frame.height != table.height:
        return None
    by_row = table["label"]
    by_id = (
        sheet.frame.select("example_id")
        .join(table, on="example_id", how="left", maintain_order="left")
        .get_column("label")
    )
    apart = by_row.ne_missing(by_id).arg_true()
    return (apart[0], by_row[apart[0]], by_id[apart[0]]) if len(apart) else None


def either_way(labels: Path, sheet: Sheet, keys: Collection[str], values: str | None = None) -> str:
    """How labels are saved so that they are those of rows, or those of ids."""
    of_row = saved_in_order(labels, Path(sheet.source), keys, "that of row i", values)
    of_id = saved_with(labels, "save them with these", "numpy.arange(len(y))", values)
    return of_row if of_row == of_id else f"{of_row}; if that of id i, {of_id}"


def refuse_other_order(
    labels: Path,
    table: pl.DataFrame,
    sheet: Sheet,
    names: tuple[str, str],
    keys: Collection[str],
) -> None:
    """The other way round: labels have ids, and ``sheet`` has none but the numbers of its rows.
    ``names`` are what the file of labels calls ids and labels."""
    apart = two_readings(table, sheet)
    if apart is None:
        return
    n, of_row, of_id = apart
    is_table, rows = not is_array(labels), sheet.frame["example_id"]
    by_id = "else save the arrays with the ids of their rows, as npz with ids"
    if table["example_id"].is_in(rows.implode()).all():
        by_id = (
            "if its ids are the numbers of rows, save it in their order, "
            f"{sorted_by_id(labels, names, keys, table=is_table)}"
        )
    raise TableError(
        f"{labels}: its ids are not 0, 1, 2 … in this order, and {sheet.source} has none, so "
        f"label i may be that of row i or that of id i (row {n} would have {_shown(of_row)} or "
        f"{_shown(of_id)}); if its rows are in the order of {sheet.source}, number them so, "
        f"{renumbered(labels, names, keys, table=is_table)}; {by_id}"
    )


def _shown(label: str | None) -> str:
    return "none" if label is None else repr(label)


def _goes_by_row(side: Records) -> bool:
    return any(BY_ROW in note for note in side.manifest.notes)


def _labelled(side: Records) -> pl.DataFrame:
    known = side.label_N >= 0
    names = [side.classes[k] for k in side.label_N[known]]
    return pl.DataFrame({"id": side.example_id_N.filter(pl.Series(known)), "label": names})
