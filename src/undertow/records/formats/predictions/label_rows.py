"""Refuses right answers that go by position where a position may mean two examples: rows in two
orders, or ids that are numbers in another order than the rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError, UserError
from undertow.records.formats.columns.scaling import reading_typed, text_typed
from undertow.records.formats.decoding.tables import column_names
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.predictions.label_arrays import (
    BY_ROW,
    SAVE_IDS,
    done,
    saved_with,
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
    ids = sheet.frame["example_id"]
    if len(ids) != table.height:
        return
    by_row, by_id = table["label"], table["label"].gather(ids.cast(pl.Int64))
    apart = by_row.ne_missing(by_id).arg_true()
    if not len(apart):
        return
    n = apart[0]
    of_row = saved_in_order(labels, Path(sheet.source), keys, "that of row i")
    of_id = saved_with(labels, "save them with these", "numpy.arange(len(y))")
    cure = of_row if of_row == of_id else f"{of_row}; if that of id i, {of_id}"
    raise TableError(
        f"{labels}: names no examples, and the ids of {sheet.source} are not in the order of its "
        f"rows, so label i may be that of row i or that of id i (row {n} has id {ids[n]!r}: "
        f"{by_row[n]!r} or {by_id[n]!r}); {cure}"
    )


def _goes_by_row(side: Records) -> bool:
    return any(BY_ROW in note for note in side.manifest.notes)


def _labelled(side: Records) -> pl.DataFrame:
    known = side.label_N >= 0
    names = [side.classes[k] for k in side.label_N[known]]
    return pl.DataFrame({"id": side.example_id_N.filter(pl.Series(known)), "label": names})


def saved_in_order(labels: Path, path: Path, keys: Collection[str], which: str) -> str:
    """How labels are saved with the ids of ``path``, if it is ``which`` that they are."""
    key = next((key for key in keys if key in column_names(path, keys)), None)
    if key is None or labels.suffix != ".npy":
        return SAVE_IDS
    to = labels.with_name(f"{labels.stem}-ids.csv")
    code = (
        f"import numpy, polars as pl; {reading_typed(path, keys)}.select({text_typed(key)})"
        f'.with_columns(pl.Series("label", numpy.load({text_typed(str(labels))})))'
        f".write_csv({text_typed(str(to))})"
    )
    return f"if {which}, save them with its ids, {done(code, to)}"
