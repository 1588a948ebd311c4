"""What a person types to save right answers anew: with ids, with names of classes, or in another
order."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from undertow.records.formats.columns.commands.new_table import reading_typed
from undertow.records.formats.columns.commands.python_typed import text_typed
from undertow.records.formats.decoding.npz import array_names
from undertow.records.formats.decoding.tables import column_names, parse
from undertow.records.formats.members.join import Sheet
from undertow.records.order_told import CLASSES

CLASHING = "file"
"""What no array may be called that ``numpy.savez`` gets by name."""
SAVE_IDS = "save the labels with their ids, as CSV or as npz with ids and labels"


def loaded(labels: Path) -> str:
    """What a person types for an array's file."""
    return f"numpy.load({text_typed(str(labels))})"


def saved_anew(path: Path, to: Path, gone: str = "") -> str:
    """What a person types to save the arrays ``f`` of a file in another, less the one that is
    ``gone``. NumPy takes none that is called as its argument is, so that one gets another name."""
    clash = CLASHING in array_names(path) and gone != CLASHING
    other = f'f["{CLASHING}_"] = f.pop("{CLASHING}"); ' if clash else ""
    return f"{other}numpy.savez({text_typed(str(to))}, **f)"


def with_names(numbers: str, *, some_missing: bool) -> str:
    """The names of classes in place of their numbers; a negative one means none."""
    if some_missing:
        return f'numpy.array({CLASSES} + [""])[numpy.maximum({numbers}.astype(int), -1)]'
    return f"numpy.array({CLASSES})[{numbers}.astype(int)]"


def saved_with(labels: Path, values: str, first: str, ids: str, imports: str = "") -> str:
    """How labels are saved with ids, which are an expression of the labels ``y``. ``values`` are
    what a person types for these."""
    to = labels.with_name(f"{labels.stem}-ids.npz")
    polars = "polars as pl" if "pl." in values + ids else ""
    code = (
        f"import {', '.join(filter(None, ['numpy', polars, imports]))}; y = {values}; "
        f"numpy.savez({text_typed(str(to))}, ids={ids}, labels=y)"
    )
    return f"{first}, {done(code, to)}"


def saved_in_order(
    labels: Path, values: str, sheet: Sheet, keys: Collection[str], which: str
) -> str:
    """How labels are saved with the ids of a sheet, if it is ``which`` that they are."""
    ids = _ids_typed(sheet, keys)
    if ids is None:
        return SAVE_IDS
    return saved_with(labels, values, f"if {which}, save them with its ids", ids)


def saved_by_number(labels: Path, values: str, sheet: Sheet, keys: Collection[str]) -> str:
    """The same, if they are in the order of the numbers in its ids."""
    which, ids = "if that of the i-th id, save them with these", sheet.frame["example_id"]
    if ids.is_in([str(i) for i in range(len(ids))]).all():
        return saved_with(labels, values, which, "numpy.arange(len(y))")
    typed = _ids_typed(sheet, keys)
    if typed is None:
        return SAVE_IDS
    digits = r'int(re.sub(r"\D", "", str(x)))'
    return saved_with(labels, values, which, f"sorted({typed}, key=lambda x: {digits})", "re")


def _ids_typed(sheet: Sheet, keys: Collection[str]) -> str | None:
    """What a person types for the ids of a sheet that is a whole file, each id once."""
    path, ids = Path(sheet.source), sheet.frame["example_id"]
    if not _is_file(path) or ids.null_count() or ids.is_duplicated().any():
        return None
    key = next((key for key in keys if key in column_names(path, keys)), None)
    if key is None or parse(path, keys).height != len(ids):
        return None
    return f"{reading_typed(path, keys)}[{text_typed(key)}].to_list()"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def named_anew(path: Path, key: str | None, *, some_missing: bool) -> str:
    """How the file is saved with names in place of numbers; ``key`` is what an npz calls them."""
    if key is None:
        to = path.with_name(f"{path.stem}-names.npy")
        names = with_names(loaded(path), some_missing=some_missing)
        return done(f"import numpy; numpy.save({text_typed(str(to))}, {names})", to)
    to = path.with_name(f"{path.stem}-names.npz")
    held = f"f[{text_typed(key)}]"
    code = (
        f"import numpy; f = dict({loaded(path)}); "
        f"{held} = {with_names(held, some_missing=some_missing)}; {saved_anew(path, to)}"
    )
    return done(code, to)


def renumbered(labels: Path, names: tuple[str, str], keys: Collection[str], *, table: bool) -> str:
    """How labels are saved that are those of row 0, 1, 2 … in their order. ``names`` are what their
    file calls ids and labels."""
    if not table:
        to = labels.with_name(f"{labels.stem}-rows.npz")
        held = f"{loaded(labels)}[{text_typed(names[1])}]"
        return done(f"import numpy; numpy.savez({text_typed(str(to))}, labels={held})", to)
    key = text_typed(names[0])
    return _table(labels, keys, f"with_columns(pl.int_range(pl.len()).alias({key}))", "rows")


def sorted_by_id(
    labels: Path, names: tuple[str, str], keys: Collection[str], *, table: bool
) -> str:
    """How labels are saved in the order of ids that are the numbers of rows."""
    if not table:
        to = labels.with_name(f"{labels.stem}-sorted.npz")
        ids, held = (f"f[{text_typed(name)}]" for name in names)
        code = (
            f"import numpy; f = {loaded(labels)}; o = {ids}.astype(int).argsort(); "
            f"numpy.savez({text_typed(str(to))}, ids={ids}[o], labels={held}[o])"
        )
        return done(code, to)
    return _table(labels, keys, f"sort(pl.col({text_typed(names[0])}).cast(float))", "sorted")


def done(code: str, to: Path) -> str:
    """What a person types to make a file of labels, and to give it."""
    return f"python -c {shlex.quote(code)}, and give --labels {shlex.quote(str(to))}"


def _table(labels: Path, keys: Collection[str], made: str, ending: str) -> str:
    to = labels.with_name(f"{labels.stem}-{ending}.csv")
    code = (
        f"import polars as pl; {reading_typed(labels, keys)}.{made}"
        f".write_csv({text_typed(str(to))})"
    )
    return done(code, to)
