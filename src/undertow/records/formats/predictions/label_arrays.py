"""Reads right answers that are an array: ``.npy``, or ``.npz`` with labels and maybe ids.

Of which examples they are where they have no ids, ``label_rows`` says."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.columns.commands.python_typed import text_typed
from undertow.records.formats.decoding.npz import (
    BARE,
    MAGIC,
    Stored,
    are_code_points,
    stored_arrays,
)
from undertow.records.formats.predictions.columns import whole_floats
from undertow.records.formats.predictions.label_saving import loaded
from undertow.records.opening import open_file

CALLED = (
    "labels", "label_ids", "y_true", "targets", "label", "target", "y", "gold", "gold_labels",
    "gold_label", "ground_truth", "truth", "gt", "true_labels", "true_label", "y_test",
)  # fmt: skip
"""What people call the array of right answers."""
LABELS = (*CALLED, BARE, "arr_0")
IDS = ("ids", "example_id", "example_ids")
ZIP = b"PK"


def is_array(path: Path) -> bool:
    """Whether the file begins as NumPy's do."""
    try:
        with open_file(path) as file:
            head = file.read(len(MAGIC))
    except OSError:
        return False
    return head == MAGIC or head.startswith(ZIP)


class LabelArray(NamedTuple):
    """Labels in the order of their file, null where there is none, and their ids, if it has some.
    ``loaded`` is what a person types for the labels, with NumPy or polars, and ``names`` are what
    an npz calls ids and labels."""

    label: pl.Series
    ids: pl.Series | None
    loaded: str
    names: tuple[str | None, str | None] = None, None


def label_array(path: Path) -> LabelArray:
    """The labels and ids in an array's file. Raises ``TableError``."""
    arrays = stored_arrays(path, frozenset({*LABELS, *IDS}))
    stored = _one(path, arrays, LABELS)
    label = _texts(path, _whole(path, stored))
    name = None if stored.name == BARE else stored.name
    typed = loaded(path) if name is None else f"{loaded(path)}[{text_typed(name)}]"
    if not any(name in arrays for name in IDS):
        return LabelArray(label, None, typed, (None, name))
    own = _one(path, arrays, IDS)
    ids = whole_floats(_texts(path, _whole(path, own), none_below=False))
    if len(ids) != len(label):
        raise TableError(f"{path}: has {len(ids)} ids and {len(label)} labels; save one for each")
    twice = ids.filter(ids.is_duplicated())
    if len(twice):
        raise TableError(f"{path}: id {twice[0]!r} is there more than once; remove repeats")
    return LabelArray(label, ids, typed, (own.name, name))


def _one(path: Path, arrays: dict[str, Stored], names: tuple[str, ...]) -> Stored:
    stored = next((arrays[name] for name in names if name in arrays), None)
    if stored is None:
        raise TableError(f"{path}: holds no array of labels; save one that is called labels")
    return stored


def _whole(path: Path, stored: Stored) -> NDArray[np.generic]:
    if len(stored.shape) != 1 or stored.dtype.kind not in "iufbUS":
        raise TableError(
            f"{path}: {stored.name} is {stored.dtype} of shape {stored.shape}; expected one "
            "label for"
            " each example, of shape (N,)"
        )
    return stored.whole()


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
