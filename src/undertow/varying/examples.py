"""The examples that a model is asked: its inputs from npy or npz, ids, labels and slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.records.formats.decoding.npz import BARE, array_names, stored_arrays
from undertow.records.formats.decoding.tables import parse
from undertow.records.opening import what_is_there

ID, LABEL = "example_id", "label"
IDS = ("ids", "id", ID)
LABELS = ("labels", LABEL)
"""Arrays that are no inputs of the model."""
ONLY = "x"
"""What an array is called that has no name."""
SAVE = "numpy.savez('inputs.npz', x=x, ids=ids, labels=labels)"


@dataclass(frozen=True, eq=False)
class Examples:
    """``arrays`` are the model's inputs by name, ``table`` has ``example_id``, ``label`` and
    slices, in their order."""

    arrays: dict[str, NDArray[Any]]
    table: pl.DataFrame

    @property
    def ids(self) -> list[str]:
        found: list[str] = self.table[ID].to_list()
        return found


def read_examples(inputs: Path, table: Path | None) -> Examples:
    """From files. ``UserError`` or ``TableError`` for what cannot be read or does not fit
    together."""
    missing = what_is_there(inputs)
    if missing is not None or not inputs.exists():
        raise UserError(
            f"--inputs {inputs}: {missing or 'there is no such file'}; save the model's inputs "
            f"with numpy.save('inputs.npy', x) or {SAVE}"
        )
    return examples_of(f"--inputs {inputs}", _arrays(inputs), _table(table), f"--table {table}")


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    names = frozenset() if path.suffix.lower() == ".npy" else frozenset(array_names(path))
    found = {name: stored.whole() for name, stored in stored_arrays(path, names).items()}
    return {ONLY: found[BARE]} if path.suffix.lower() == ".npy" and BARE in found else found


def _table(path: Path | None) -> pl.DataFrame | None:
    if path is None:
        return None
    if not path.is_file():
        raise UserError(
            f"--table {path}: there is no such file; give a table with example_id, label and "
            "columns to slice by"
        )
    return parse(path, (ID,))


def examples_of(
    called: str, given: Mapping[str, NDArray[Any]], table: pl.DataFrame | None, table_called: str
) -> Examples:
    """What belongs together. ``called`` and ``table_called`` are how their owner gave them."""
    arrays = {name: array for name, array in given.items() if name not in (*IDS, *LABELS)}
    _refuse_no_inputs(called, arrays)
    n = len(next(iter(arrays.values())))
    ids = _column(called, given, IDS, n)
    labels = _column(called, given, LABELS, n)
    if table is None:
        table = pl.DataFrame({ID: ids if ids is not None else [str(row) for row in range(n)]})
    else:
        table = _in_order(called, table_called, table, ids, n)
    if labels is not None and LABEL not in table.columns:
        table = table.with_columns(pl.Series(LABEL, labels))
    if LABEL not in table.columns:
        table = table.with_columns(pl.lit(None, pl.Int32).alias(LABEL))
    return Examples(arrays, table)


def refuse_columns(by: Sequence[str], examples: Examples) -> None:
    """``UserError`` for a column to slice by that the examples do not have."""
    for column in by:
        unknown = [
            part for part in column.split("+") if part not in (*examples.table.columns, "class")
        ]
        if unknown:
            raise UserError(
                f"--by {column}: the examples have no column {unknown[0]}; {_columns(examples)}"
            )


def _columns(examples: Examples) -> str:
    """What there is to slice by; a class is that of the label."""
    table = examples.table
    own = [name for name in table.columns if name not in (ID, LABEL)]
    labels = ["class"] if table[LABEL].null_count() < table.height else []
    if own:
        return f"it has {', '.join(dict.fromkeys((*own, *labels)))}"
    if labels:
        return "it has class alone; give --by class, or others with --table FILE"
    return "it has none; give --table FILE"


def _refuse_no_inputs(called: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    if not arrays:
        raise UserError(
            f"{called}: holds no inputs of a model (arrays called {', '.join((*IDS, *LABELS))} are "
            f"ids and labels); save them with {SAVE}"
        )
    first, n = next((name, array.shape[:1]) for name, array in arrays.items())
    for name, array in arrays.items():
        if array.ndim == 0 or not len(array):
            raise UserError(
                f"{called}: {name} has shape {array.shape}; the first axis is that of examples, at "
                "least one"
            )
        if array.shape[:1] != n:
            raise UserError(
                f"{called}: {name} has {len(array):,} examples and {first} has {n[0]:,}; give one "
                "row for each example in all arrays"
            )
        if array.dtype.kind not in "fiub":
            raise UserError(
                f"{called}: {name} holds {array.dtype}; a model's inputs are numbers, such as the "
                "ids of tokens"
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            row = int((~np.isfinite(array.reshape(len(array), -1))).any(axis=1).argmax())
            value = array[row][~np.isfinite(array[row])].flat[0]
            raise UserError(
                f"{called}: {name} holds {value} in row {row}; whatever a model answers to it is "
                "compared with nothing, so fill it in or leave the example out"
            )


def _column(
    called: str, given: Mapping[str, NDArray[Any]], names: tuple[str, ...], n: int
) -> list[Any] | None:
    """One of the arrays that are columns of examples; None where there is none."""
    name = next((name for name in names if name in given), None)
    if name is None:
        return None
    array = given[name]
    if array.shape != (n,):
        raise UserError(
            f"{called}: {name} has shape {array.shape}, and there are {n:,} examples; give one for "
            "each"
        )
    values: list[Any] = [
        each.decode("utf-8", "replace") if isinstance(each, bytes) else each
        for each in array.tolist()
    ]
    if names is IDS:
        values = list(map(str, values))
        _refuse_twice(f"{called}: {name}", values)
    _refuse_unwritable(f"{called}: {name}", values)
    return values


def _refuse_unwritable(called: str, values: list[Any]) -> None:
    """Texts with half of a pair of UTF-16 units, which no file in UTF-8 can hold."""
    for row, each in enumerate(values):
        if isinstance(each, str) and any("\ud800" <= sign <= "\udfff" for sign in each):
            raise UserError(
                f"{called}: row {row} holds {each!a}, half of a character that cannot be "
                "written; clean the text, such as text.encode('utf-8', 'replace').decode()"
            )


def _refuse_twice(called: str, ids: list[str]) -> None:
    first: dict[str, int] = {}
    for row, each in enumerate(ids):
        if first.setdefault(each, row) != row:
            raise UserError(
                f"{called}: {each!r} stands in rows {first[each]} and {row}; give each example an "
                "id of its own"
            )


def _in_order(
    called: str, table_called: str, table: pl.DataFrame, ids: list[str] | None, n: int
) -> pl.DataFrame:
    """The table in the order of the inputs: that of their ids where they have any, else its own."""
    if ID not in table.columns:
        raise UserError(
            f"{table_called}: has no column {ID}; it has {', '.join(table.columns)}; rename the "
            "one that is meant"
        )
    table = table.with_columns(pl.col(ID).cast(pl.String))
    own = table[ID].to_list()
    if None in own:
        raise UserError(f"{table_called}: row {own.index(None)} has no {ID}; give each example one")
    _refuse_twice(f"{table_called}: {ID}", own)
    if table.height != n:
        raise UserError(
            f"{table_called}: has {table.height:,} rows, and {called} has {n:,} examples; give one "
            "row for each"
        )
    if ids is None:
        return table
    row = {each: place for place, each in enumerate(own)}
    unknown = next((each for each in ids if each not in row), None)
    if unknown is not None:
        raise UserError(
            f"{table_called}: has no example {unknown!r}, which {called} has; give both the same "
            "ids"
        )
    return table[[row[each] for each in ids]]
