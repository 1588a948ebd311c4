"""What a person types to save right answers anew: with ids, with names of classes, or in another
order."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from undertow.records.formats.columns.scaling import reading_typed, text_typed
from undertow.records.formats.decoding.tables import column_names

SAVE_IDS = "save the labels with their ids, as CSV or as npz with ids and labels"
CLASSES = "CLASSES"
"""Stands in what is typed where a person writes the names of the classes."""


def loaded(labels: Path) -> str:
    """The labels in an ``.npy``."""
    return f"numpy.load({text_typed(str(labels))})"


def with_names(numbers: str, *, some_missing: bool) -> str:
    """The names of classes in place of their numbers; a negative one means none."""
    if some_missing:
        return f'numpy.array({CLASSES} + [""])[numpy.maximum({numbers}.astype(int), -1)]'
    return f"numpy.array({CLASSES})[{numbers}.astype(int)]"


def saved_with(path: Path, first: str, ids: str, values: str | None = None) -> str:
    """How an array of labels is saved with ids, which are an expression of the labels ``y``."""
    if path.suffix != ".npy":
        return SAVE_IDS
    to = path.with_name(f"{path.stem}-ids.npz")
    code = (
        f"import numpy; y = {values or loaded(path)}; "
        f"numpy.savez({text_typed(str(to))}, ids={ids}, labels=y)"
    )
    return f"{first}, {done(code, to)}"


def saved_in_order(
    labels: Path, path: Path, keys: Collection[str], which: str, values: str | None = None
) -> str:
    """How labels are saved with the ids of ``path``, if it is ``which`` that they are. ``values``
    is an expression of them, where they are no ``.npy`` or are not saved as they are."""
    key = next((key for key in keys if key in column_names(path, keys)), None)
    if key is None or (values is None and labels.suffix != ".npy"):
        return SAVE_IDS
    values = values or loaded(labels)
    to = labels.with_name(f"{labels.stem}-ids.csv")
    code = (
        f"import {'numpy, ' * ('numpy' in values)}polars as pl; "
        f"{reading_typed(path, keys)}.select({text_typed(key)})"
        f'.with_columns(pl.Series("label", {values}))'
        f".write_csv({text_typed(str(to))})"
    )
    return f"if {which}, save them with its ids, {done(code, to)}"


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
        f"{held} = {with_names(held, some_missing=some_missing)}; "
        f"numpy.savez({text_typed(str(to))}, **f)"
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
