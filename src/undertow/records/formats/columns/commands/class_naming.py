"""How columns, and values in them, get the names of classes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from undertow.records.formats.columns.commands.new_table import mark, written
from undertow.records.formats.columns.commands.python_typed import OURS, text_typed
from undertow.records.order_told import CLASSES


def renamed(
    path: Path,
    columns: Sequence[str],
    to: Mapping[str, str | int],
    keys: Sequence[str],
    *,
    told: bool = False,
) -> str:
    """How the values of columns get other names, or where ``to`` has numbers, those in the list
    that a person has to write. ``told``: by answers."""
    names = ", ".join(map(text_typed, columns))
    words = json.dumps(dict(to), ensure_ascii=False)
    if not all(isinstance(name, str) for name in to.values()):
        words = f"{{k: {CLASSES}[c] for k, c in {words}.items()}}"
    made = f"pl.col({names}).cast(str).replace({words}){mark(path, told)}"
    return written(path, made, keys, "renamed")


def called_by_class(
    path: Path, columns: Sequence[str], typed: str, keys: Sequence[str], *, told: bool
) -> str:
    """How columns get the names of classes that are ``typed`` as Python has them, in that order;
    ``told`` by answers."""
    names = ", ".join(map(text_typed, columns))
    made = f'.rename(dict(zip([{names}], ["{OURS}" + c for c in {typed}])))'
    return written(path, mark(path, told).removeprefix(", "), keys, "named", made)


def by_class(path: Path, column: str, keys: Sequence[str]) -> str:
    """How a column with the probability of each class becomes a column ``p_<class>`` for each."""
    made = f'pl.col({text_typed(column)}).name.prefix_fields("p_")'
    return written(path, made, keys, "flat", f".unnest({text_typed(column)})")


def by_place(
    path: Path, name: str, column: pl.Series, typed: str, keys: Sequence[str], *, told: bool
) -> str:
    """How a column of lists, with the probability of each class, becomes a column for each;
    ``typed`` are their names as Python has them, ``told`` whether by answers."""
    kind = "arr" if isinstance(column.dtype, pl.Array) else "list"
    made = f"pl.col({text_typed(name)}).{kind}.to_struct(fields={typed}){mark(path, told)}"
    return written(path, made, keys, "flat", f".unnest({text_typed(name)})")
