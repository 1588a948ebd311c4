"""Tables in which no column names the examples: they are compared row by row, where a person says
that the rows of all files are in one order.

Nothing in the tables tells that. Of other orders other examples are compared, which differing
labels show; without labels nothing does.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from undertow.errors import TableError, UserError
from undertow.records.formats.columns.values import has_decimals, is_nested, numbers_in
from undertow.records.reading import NO_ID, Reading
from undertow.records.records import Records
from undertow.records.usual_names import flag_of

BY_ROW_ALONE = "names no example, as asked"
"""Stands in the note on such a table, which is said before the audit too."""
ROWS = "row 1 is compared with row 1 and so on"
TYPED = flag_of("id", NO_ID)


def goes_by_row(frame: pl.DataFrame, reading: Reading) -> bool:
    """Whether rows are to be told apart by their number; a column of that name goes before it."""
    return reading.id == NO_ID and NO_ID not in frame.columns


def with_row_numbers(frame: pl.DataFrame, member: str | None) -> pl.DataFrame:
    """With ids that number the rows, of each member anew where a column says whose they are."""
    number = pl.int_range(pl.len()) if member is None else pl.int_range(pl.len()).over(member)
    return frame.with_columns(number.cast(pl.String).alias("example_id"))


def by_row_note(path: object) -> str:
    return f"{path}: {BY_ROW_ALONE}: {ROWS}."


def may_name_rows(column: pl.Series) -> bool:
    """Whether it has another value in every row, as ids have, and no decimals."""
    if is_nested(column) or column.null_count() or column.is_duplicated().any():
        return False
    number = numbers_in(column)
    return number is None or not has_decimals(number)


def way_by_row(flags: str) -> str:
    """What to say of ``flags`` that name examples by their row, or leave their column open."""
    if TYPED in flags:
        return (
            f"; no column names the examples, so {TYPED} goes by row, which is right only where "
            f"the rows of all files are in one order: {ROWS}"
        )
    if flag_of("id", "COLUMN") in flags:
        return (
            f"; if no column names the examples and the rows of all files are in one order, write "
            f"{TYPED}: {ROWS}"
        )
    return ""


def refuse_other_heights(named: Sequence[tuple[str, int]]) -> None:
    """Raises ``TableError`` for tables of which one has more rows: each row after the first that is
    missing would be another example."""
    (first, rows), *others = named
    for other, count in others:
        if count != rows:
            raise TableError(
                f"{TYPED}: {first} has {rows:,} rows and {other} has {count:,}, so they do not go "
                "row by row; give tables of the same examples in one order, or name a column of ids"
            )


def refuse_rows_of_others(sides: Sequence[Records], reading: Reading) -> None:
    """The same of whole sides."""
    if reading.id != NO_ID:
        return
    try:
        refuse_other_heights([(repr(side.name), _rows(side)) for side in sides])
    except TableError as error:
        raise UserError(str(error)) from None


def _rows(side: Records) -> int:
    return side.N + (0 if side.left_out is None else len(side.left_out))
