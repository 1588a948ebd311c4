"""Reads right answers that are an array: ``.npy``, or ``.npz`` with labels and maybe ids."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.decoding.npz import (
    BARE,
    MAGIC,
    Stored,
    are_code_points,
    stored_arrays,
)
from undertow.records.formats.predictions.label_saving import saved_with
from undertow.records.opening import open_file

LABELS = ("labels", "label_ids", "y_true", "targets", "label", BARE, "arr_0")
IDS = ("ids", "example_id", "example_ids")
ZIP = b"PK"
BY_ROW = "names no examples, so label i is taken for row i of"
"""Stands in the note on labels by position."""
BY_NUMBER = "names no examples, so label i is taken for the example with id i."


def is_array(path: Path) -> bool:
    """Whether the file begins as NumPy's do."""
    try:
        with open_file(path) as file:
            head = file.read(len(MAGIC))
    except OSError:
        return False
    return head == MAGIC or head.startswith(ZIP)


class Labels(NamedTuple):
    """A table of ``example_id`` and ``label``, and what the file calls these; an ``.npy`` calls
    nothing. ``told_by`` is how examples were told, if not by ids."""

    table: pl.DataFrame
    told_by: str | None
    ids: str | None = None
    key: str | None = None


def label_array(path: Path, ids: pl.Series, source: str) -> Labels:
    """Labels by the ids of the array's file, or else as ``by_number`` tells them; ``ids`` are the
    examples in the order of ``source``. Raises ``TableError``."""
    arrays = stored_arrays(path, frozenset({*LABELS, *IDS}))
    found = _one(path, arrays, LABELS)
    label, key = _texts(path, found.whole()), None if found.name == BARE else found.name
    if any(name in arrays for name in IDS):
        own = _one(path, arrays, IDS)
        named = _named(path, _texts(path, own.whole(), none_below=False), label)
        return Labels(_unique(path, named), None, own.name, key)
    return Labels(*by_number(path, label, ids, source), None, key)


def by_number(
    path: Path, label: pl.Series, ids: pl.Series, source: str
) -> tuple[pl.DataFrame, str]:
    """A table of labels without ids: label i is that of example i where examples are numbered from
    0 (whoever calls sees to files that have them in another order than their rows), else that of
    row i of ``source``. The second value says which. Raises ``TableError``."""
    numbers = pl.Series([str(i) for i in range(len(label))], dtype=pl.String)
    if ids.is_in(numbers.implode()).all():
        return _named(path, numbers, label), BY_NUMBER
    if len(ids) != len(label):
        raise TableError(
            f"{path}: holds {len(label)} labels and names no examples, and {source} has {len(ids)}"
            f" rows; {saved_with(path, 'write into IDS which examples these are', 'IDS')}"
        )
    # Rows that repeat an id are refused or left out later, with their file's name.
    return _named(path, ids, label).filter(ids.is_not_null() & ~ids.is_duplicated()), BY_ROW


def _unique(path: Path, table: pl.DataFrame) -> pl.DataFrame:
    twice = table["example_id"].filter(table["example_id"].is_duplicated())
    if len(twice):
        raise TableError(f"{path}: id {twice[0]!r} is there more than once; remove repeats")
    return table


def _named(path: Path, ids: pl.Series, label: pl.Series) -> pl.DataFrame:
    if len(ids) != len(label):
        raise TableError(f"{path}: has {len(ids)} ids and {len(label)} labels; save one for each")
    return pl.DataFrame({"example_id": ids, "label": label})


def _one(path: Path, arrays: dict[str, Stored], names: tuple[str, ...]) -> Stored:
    stored = next((arrays[name] for name in names if name in arrays), None)
    if stored is None:
        raise TableError(f"{path}: holds no array of labels; save one that is called labels")
    if len(stored.shape) != 1 or stored.dtype.kind not in "iufbUS":
        raise TableError(
            f"{path}: {stored.name} is {stored.dtype} of shape {stored.shape}; expected one "
            "label for"
            " each example, of shape (N,)"
        )
    return stored


def _texts(path: Path, values: NDArray[np.generic], *, none_below: bool = True) -> pl.Series:
    """Text for each; an empty one, and with ``none_below`` a negative number or NaN, means that
    there is none."""
    if values.dtype.kind == "f":
        if (values[np.isfinite(values)] % 1 != 0).any():
            raise TableError(f"{path}: labels are {values.dtype}; expected whole numbers or text")
        values = np.where(np.isfinite(values), values, -1).astype(np.int64)
    if values.dtype.kind == "U" and not are_code_points(values):
        raise TableError(f"{path}: holds what is no text; the file is damaged: save it again")
    if values.dtype.kind == "i" and none_below:
        return pl.Series([None if v < 0 else str(v) for v in values.tolist()], dtype=pl.String)
    if values.dtype.kind == "b":
        return pl.Series(["true" if v else "false" for v in values.tolist()], dtype=pl.String)
    said = (
        v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values.tolist()
    )
    # A lone surrogate is text to NumPy and not to anything after it.
    texts = pl.Series([t.encode("utf-8", "replace").decode() for t in said], dtype=pl.String)
    return texts.set(texts.str.strip_chars() == "", None)
