"""Right answers without ids: label i is that of row i of a file, or of the example with id i.

Where either may be meant, and they are not the same, they are refused: taken for those of other
examples, they make a bad model as good as any.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError, UserError
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.predictions.label_arrays import LabelArray, label_array
from undertow.records.formats.predictions.label_saving import (
    SAVE_IDS,
    saved_by_number,
    saved_in_order,
    saved_with,
)
from undertow.records.records import Records

BY_ROW = "names no examples, so label i is taken for row i of"
BY_NUMBER = "names no examples, so label i is taken for the example with id i."
"""Stand in the notes on labels by position, which are said before the audit too."""
DENSE = 0.9
"""Share of the numbers from the least to the most that are there, from which on ids count on. Those
of customers are seldom so many, and stand in any order."""
_NUMBERED = r"(?s)^([^0-9]*)([0-9]{1,15})(.*)$"


def labels_by_position(
    path: Path, given: LabelArray, sheets: Sequence[Sheet], keys: Collection[str], notes: list[str]
) -> pl.DataFrame:
    """A table of ``example_id`` and ``label``: by number where all ids are, else by the row of the
    sheets, which must share an order. Raises ``TableError``."""
    for sheet in sheets:
        _refuse_two_readings(path, given, sheet, keys)
    numbers = pl.Series([str(i) for i in range(len(given.label))], dtype=pl.String)
    first, *others = sheets
    ids = first.frame["example_id"]
    if ids.is_in(numbers.implode()).all():
        if any(sheet.frame.height != len(numbers) for sheet in sheets):
            notes.append(f"{path}: {BY_NUMBER}")
        return pl.DataFrame({"example_id": numbers, "label": given.label})
    if len(ids) != len(given.label):
        which = "write into IDS which examples these are"
        raise TableError(
            f"{path}: holds {len(given.label)} labels and names no examples, and {first.source} "
            f"has {len(ids)} rows; {saved_with(path, given.loaded, which, 'IDS')}"
        )
    for other in others:
        if not other.frame["example_id"].equals(ids):
            which = f"they are in that of {first.source}"
            cure = saved_in_order(path, given.loaded, first, keys, which)
            raise TableError(
                f"{path}: names no examples, and the rows of {other.source} are in another "
                f"order than those of {first.source}; {cure}"
            )
    notes.append(f"{path}: {BY_ROW} {first.source}.")
    # Rows that repeat an id are refused or left out later, with their file's name.
    once = ids.is_not_null() & ~ids.is_duplicated()
    return pl.DataFrame({"example_id": ids, "label": given.label}).filter(once)


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
            sheet = Sheet(first.name, str(file), pl.DataFrame({"example_id": first.example_id_N}))
            values = label_array(labels).loaded
            cure = saved_in_order(labels, values, sheet, keys, f"they are in the order of {file}")
            raise UserError(
                f"{labels}: its labels go by position, and the rows of {file} and {path} are in "
                f"two orders ({example!r} would be {one!r} in one and {other!r} in the other); "
                f"{cure}"
            )


def _goes_by_row(side: Records) -> bool:
    return any(BY_ROW in note for note in side.manifest.notes)


def _labelled(side: Records) -> pl.DataFrame:
    known = side.label_N >= 0
    names = [side.classes[k] for k in side.label_N[known]]
    return pl.DataFrame({"id": side.example_id_N.filter(pl.Series(known)), "label": names})


def _refuse_two_readings(
    path: Path, given: LabelArray, sheet: Sheet, keys: Collection[str]
) -> None:
    """Refuses labels of as many rows as the sheet, where its ids count on in another order than its
    rows, and more labels than rows, where the ids count from 0 all the same."""
    if sheet.frame.height < len(given.label):
        _refuse_fewer(path, given, sheet)
    apart = two_readings(given.label, sheet)
    if apart is None:
        return
    n, of_row, of_id = apart
    raise TableError(
        f"{path}: names no examples, and the ids of {sheet.source} are numbers in another order "
        f"than its rows, so label i may be that of row i or that of the i-th id (row {n} has id "
        f"{sheet.frame['example_id'][n]!r}: {of_row!r} or {of_id!r}); "
        f"{either_way(path, given.loaded, sheet, keys)}"
    )


def two_readings(label: pl.Series, sheet: Sheet) -> tuple[int, str | None, str | None] | None:
    """The first row whose label by its place is not that by its id, with both; ``None`` where there
    is none, or there are other numbers of them."""
    ids = sheet.frame["example_id"]
    place = places(ids) if len(ids) == len(label) else None
    if place is None:
        return None
    by_id = label.gather(place)
    apart = (label.ne_missing(by_id) & place.is_not_null()).arg_true()
    return (apart[0], label[apart[0]], by_id[apart[0]]) if len(apart) else None


def either_way(labels: Path, values: str, sheet: Sheet, keys: Collection[str]) -> str:
    """How labels are saved so that they are those of rows, or those of ids."""
    of_row = saved_in_order(labels, values, sheet, keys, "that of row i")
    of_id = saved_by_number(labels, values, sheet, keys)
    return of_row if of_row == of_id else f"{of_row}; {of_id}"


def _refuse_fewer(path: Path, given: LabelArray, sheet: Sheet) -> None:
    ids = sheet.frame["example_id"]
    if set(ids) == set(map(str, range(len(ids)))):
        first = saved_with(
            path, given.loaded, "if they are, save all with their numbers", "numpy.arange(len(y))"
        )
        raise TableError(
            f"{path}: names no examples and holds {len(given.label):,} labels, and the ids of "
            f"{sheet.source} are 0 to {len(ids) - 1:,}: the first of them, or others that were "
            f"numbered anew; {first}; else {SAVE_IDS}"
        )


def places(ids: pl.Series) -> pl.Series | None:
    """Where each id stands among ids that differ in one number and count on, but for a few: from 0,
    null for one that is missing or there twice. ``None`` where they are no such ids, or are in that
    order."""
    known = ids.is_not_null() & ~ids.is_duplicated()
    parts = ids.set(~known, None).str.extract_groups(_NUMBERED).struct.unnest()
    before, digits, after = (parts[name] for name in parts.columns)
    number = digits.cast(pl.Int64)
    if number.null_count() != int((~known).sum()) or not number.count():
        return None
    if before.n_unique() + after.n_unique() > 2 + 2 * bool(number.null_count()):
        return None
    least, most = int(number.min()), int(number.max())  # type: ignore[arg-type]
    if DENSE * (most - least + 1) > len(ids) or (number.drop_nulls().diff().drop_nulls() > 0).all():
        return None
    if most - least < len(ids):
        return number - least
    # A few are left out: what counts is their order.
    return number.rank("ordinal").cast(pl.Int64) - 1
