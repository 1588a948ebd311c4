"""Right answers without ids: label i is that of row i of a file, or of the example with id i.

Where either may be meant, and they are not the same, they are refused: taken for those of other
examples, they make a bad model as good as any.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError, UserError
from undertow.records.formats.columns.scaling import reading_typed, text_typed
from undertow.records.formats.decoding.tables import column_names, parse
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.predictions.label_arrays import LabelArray, label_array
from undertow.records.records import Records

BY_ROW = "names no examples, so label i is taken for row i of"
BY_NUMBER = "names no examples, so label i is taken for the example with id i."
"""Stand in the notes on labels by position, which are said before the audit too."""
SAVE_IDS = "save the labels with their ids, as CSV or as npz with ids and labels"
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
            f"has {len(ids)} rows; {_saved(path, given, which, 'IDS')}"
        )
    for other in others:
        if not other.frame["example_id"].equals(ids):
            cure = _saved_in_order(path, given, first, keys, f"they are in that of {first.source}")
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
            cure = _saved_in_order(
                labels, label_array(labels), sheet, keys, f"they are in the order of {file}"
            )
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
    ids, label = sheet.frame["example_id"], given.label
    place = places(ids)
    if place is None or len(ids) > len(label):
        return
    if len(ids) < len(label):
        _refuse_fewer(path, given, sheet)
        return
    by_row, by_id = label, label.gather(place)
    apart = (by_row.ne_missing(by_id) & place.is_not_null()).arg_true()
    if not len(apart):
        return
    n = apart[0]
    of_row = _saved_in_order(path, given, sheet, keys, "that of row i")
    of_id = _saved_by_number(path, given, sheet, keys)
    cure = of_row if of_row == of_id else f"{of_row}; {of_id}"
    raise TableError(
        f"{path}: names no examples, and the ids of {sheet.source} are numbers in another order "
        f"than its rows, so label i may be that of row i or that of the i-th id (row {n} has id "
        f"{ids[n]!r}: {by_row[n]!r} or {by_id[n]!r}); {cure}"
    )


def _refuse_fewer(path: Path, given: LabelArray, sheet: Sheet) -> None:
    ids = sheet.frame["example_id"]
    if set(ids) == set(map(str, range(len(ids)))):
        first = _saved(
            path, given, "if they are, save all with their numbers", "numpy.arange(len(y))"
        )
        raise TableError(
            f"{path}: names no examples and holds {len(given.label):,} labels, and the ids of "
            f"{sheet.source} are 0 to {len(ids) - 1:,}: the first of them, or others that were "
            f"numbered anew; {first}; else {SAVE_IDS}"
        )


def places(ids: pl.Series) -> pl.Series | None:
    """Where each id stands among ids that differ in one number and count on: from 0, null for one
    that is missing or there twice. ``None`` where they are no such ids, or may be in that order."""
    known = ids.is_not_null() & ~ids.is_duplicated()
    parts = ids.set(~known, None).str.extract_groups(_NUMBERED).struct.unnest()
    before, digits, after = (parts[name] for name in parts.columns)
    number = digits.cast(pl.Int64)
    if number.null_count() != int((~known).sum()) or not number.count():
        return None
    if before.n_unique() + after.n_unique() > 2 + 2 * bool(number.null_count()):
        return None
    least, most = int(number.min()), int(number.max())  # type: ignore[arg-type]
    if most - least >= len(ids):
        return None
    row = pl.int_range(len(ids), eager=True)
    if any((number - low == row).all() for low in range(most - len(ids) + 1, least + 1)):
        return None
    return number - least


def _saved_in_order(
    labels: Path, given: LabelArray, sheet: Sheet, keys: Collection[str], which: str
) -> str:
    """How labels are saved with the ids of a sheet, if it is ``which`` that they are."""
    ids = _ids_typed(sheet, keys)
    if ids is None:
        return SAVE_IDS
    return _saved(labels, given, f"if {which}, save them with its ids", ids, "polars as pl")


def _saved_by_number(labels: Path, given: LabelArray, sheet: Sheet, keys: Collection[str]) -> str:
    """The same, if they are in the order of the numbers in ids."""
    which = "if that of the i-th id, save them with these"
    ids = sheet.frame["example_id"]
    if ids.is_in([str(i) for i in range(len(given.label))]).all():
        return _saved(labels, given, which, "numpy.arange(len(y))")
    typed = _ids_typed(sheet, keys)
    if typed is None:
        return SAVE_IDS
    digits = r'int(re.sub(r"\D", "", str(x)))'
    return _saved(
        labels, given, which, f"sorted({typed}, key=lambda x: {digits})", "polars as pl, re"
    )


def _ids_typed(sheet: Sheet, keys: Collection[str]) -> str | None:
    """What a person types for the ids of a sheet that is a whole file, each id once."""
    path, ids = Path(sheet.source), sheet.frame["example_id"]
    key = (
        next((key for key in keys if key in column_names(path, keys)), None)
        if _is_file(path)
        else None
    )
    if key is None or ids.null_count() or ids.is_duplicated().any():
        return None
    if parse(path, keys).height != len(ids):
        return None
    return f"{reading_typed(path, keys)}[{text_typed(key)}].to_list()"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _saved(labels: Path, given: LabelArray, first: str, ids: str, imports: str = "") -> str:
    """How labels are saved with ids, which are an expression of the labels ``y``."""
    to = labels.with_name(f"{labels.stem}-ids.npz")
    code = (
        f"import {', '.join(filter(None, ['numpy', imports]))}; y = {given.loaded}; "
        f"numpy.savez({text_typed(str(to))}, ids={ids}, labels=y)"
    )
    return f"{first}, python -c {shlex.quote(code)}, and give --labels {shlex.quote(str(to))}"
