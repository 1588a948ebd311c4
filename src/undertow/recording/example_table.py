"""The table of examples, from a frame or a dict: ids as text, labels as class indices, slices, and
what a person can look at."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.recording.tensors import array_of
from undertow.records.png import COLOURS, png_of

ID, LABEL, INPUT, HASH = "example_id", "label", "input", "content_hash"


def example_table(called: str, value: Any, classes: Sequence[str]) -> pl.DataFrame:
    """``example_id``, ``label`` (class index, null for none) and all other columns. ``called`` is
    the argument's name; ``UserError`` for what cannot be such a table."""
    table = _frame(called, value)
    for name in (ID, LABEL):
        if name not in table.columns:
            raise UserError(
                f"{called}: has no column {name!r}; it has {', '.join(table.columns) or 'none'}; "
                f"rename the one that is meant, or add it"
            )
    if not table.height:
        raise UserError(f"{called}: has no rows; give one row per example")
    ids = _unique_ids(called, table[ID])
    label = _labels(called, table[LABEL], ids, tuple(classes))
    return table.with_columns(ids, label)


def class_names(classes: int | Sequence[Any]) -> tuple[str, ...]:
    """Names of classes, in the order of the columns of logits; ``UserError`` where they are not."""
    if isinstance(classes, str) or not (isinstance(classes, int) or len(classes)):
        raise UserError(
            f"classes: is {classes!r}; give the names of the classes in the order of the columns "
            "of logits, ('cat', 'dog'), or their number"
        )
    names = tuple(map(str, range(classes) if isinstance(classes, int) else classes))
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None or len(names) < 2:
        what = f"has {len(names)}" if twice is None else f"names {twice!r} twice"
        raise UserError(f"classes: {what}; give two or more names, each once")
    return names


def _frame(called: str, value: Any) -> pl.DataFrame:
    if isinstance(value, Mapping) and not hasattr(value, "column_names"):
        return _from_mapping(called, value)
    # Brings the whole audit along, which a loop that gives a dict or a polars frame does without.
    from undertow.notebook.tables import is_table, table_of

    if not is_table(value):
        raise UserError(
            f"{called}: is of type {type(value).__name__}; give a frame, or a dict of columns: "
            "{'example_id': ids, 'label': labels}"
        )
    return table_of(called, value, (ID,))


def _from_mapping(called: str, value: Mapping[Any, Any]) -> pl.DataFrame:
    columns = {str(name): array_of(f"{called}[{name!r}]", given) for name, given in value.items()}
    pixels = columns.pop(INPUT) if INPUT in columns and columns[INPUT].ndim > 1 else None
    for name, array in columns.items():
        if array.ndim != 1:
            raise UserError(
                f"{called}[{name!r}]: has shape {array.shape}; give one value for each example"
            )
    series = [pl.Series(name, _plain(array), strict=False) for name, array in columns.items()]
    series += [] if pixels is None else _pictures(called, pixels, HASH in columns)
    longest = max(series, key=len, default=pl.Series())
    for one in series:
        if len(one) != len(longest):
            raise UserError(
                f"{called}[{one.name!r}]: has length {len(one):,}, and {longest.name!r} has length "
                f"{len(longest):,}; give one value for each example"
            )
    return pl.DataFrame(series)


def _plain(array: NDArray[Any]) -> Any:
    """Numbers as they are, all else as values of Python."""
    return array if array.dtype.kind in "iufb" else array.tolist()


def _pictures(called: str, pixels: NDArray[Any], hashed: bool) -> list[pl.Series]:
    """Pixels (N, H, W), (N, H, W, K) or (N, K, H, W) as PNG, and the SHA-256 of each, (K, H, W), as
    the lab takes it."""
    if pixels.dtype != np.uint8 or pixels.ndim not in (3, 4):
        raise UserError(
            f"{called}['input']: holds {pixels.dtype} of shape {pixels.shape}; give pictures as "
            "uint8 from 0 to 255, of shape (examples, height, width) or (examples, height, width, "
            "channels), or texts"
        )
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    elif pixels.shape[-1] not in COLOURS and pixels.shape[1] in COLOURS:
        pixels = pixels.transpose(0, 2, 3, 1)
    if pixels.shape[-1] not in COLOURS:
        raise UserError(
            f"{called}['input']: has shape {pixels.shape}; give 1 to 4 channels, as the last or "
            "the second axis: grey or RGB, each with or without alpha"
        )
    found = [pl.Series(INPUT, [png_of(one) for one in pixels], dtype=pl.Binary)]
    if not hashed:
        raw = (one.transpose(2, 0, 1).tobytes() for one in pixels)
        found.append(pl.Series(HASH, [hashlib.sha256(one).hexdigest() for one in raw]))
    return found


def _unique_ids(called: str, ids: pl.Series) -> pl.Series:
    text = ids.cast(pl.String)
    if text.null_count():
        row = int(text.is_null().arg_max() or 0)
        raise UserError(f"{called}: row {row} has no example_id; give each example one")
    twice = text.filter(text.is_duplicated())
    if len(twice):
        rows = (text == twice[0]).arg_true().to_list()
        raise UserError(
            f"{called}: example_id {twice[0]!r} stands in rows {rows[0]} and {rows[1]}; give each "
            "example an id of its own"
        )
    return text.alias(ID)


def _labels(called: str, column: pl.Series, ids: pl.Series, classes: tuple[str, ...]) -> pl.Series:
    """Indices of classes, from indices or names."""
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        index = column.cast(pl.Float64).fill_nan(None)
        known = index.is_null() | (index.is_in([float(k) for k in range(len(classes))]))
    else:
        text = column.cast(pl.String)
        known = text.is_null() | text.is_in(list(classes))
        index = text.replace_strict(
            list(classes), range(len(classes)), default=None, return_dtype=pl.Int32
        )
    if not known.all():
        row = int((~known).arg_max() or 0)
        raise UserError(
            f"{called}: the label of {ids[row]!r} is {column[row]!r}; labels are the names in "
            f"classes= or their indices, 0 to {len(classes) - 1}"
        )
    return index.cast(pl.Int32).alias(LABEL)
