"""What a person can look at: pixels, of which those that are shown become pictures, or texts."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.arrays.files import INPUTS, ArrayFile, texts_of
from undertow.records.formats.decoding.npz import Stored, stored_arrays
from undertow.records.pictures import PictureArray
from undertow.records.png import COLOURS
from undertow.records.records import Records

LARGEST = 1 << 29
"""Bytes of pixels that are kept for the few examples that are shown."""


def with_inputs(records: Records, files: Sequence[ArrayFile]) -> Records:
    """Adds the inputs of the first file that has any. What cannot be shown is said in a note, and
    is no reason to refuse the answers."""
    for file in files:
        try:
            arrays = stored_arrays(file.path, frozenset(INPUTS))
            found = next((arrays[name] for name in INPUTS if name in arrays), None)
            if found is not None:
                return _with(records, file, found)
        except TableError as error:
            return _noting(records, f"Inputs are not shown: {error}.")
    return records


def _with(records: Records, file: ArrayFile, stored: Stored) -> Records:
    why = _why_not(stored, records.N)
    if why is not None:
        is_now = f"{stored.name} is {stored.dtype} of shape {stored.shape}"
        return _noting(records, f"{file.path}: {is_now}, and not shown; {why}.")
    values = file.ordered(stored.whole())
    if stored.dtype.kind in "US":
        texts = texts_of(file.path, values)
        return replace(records, inputs=pl.Series("input", texts, dtype=pl.String))
    pixels_NHWC = _channels_last(values)
    # Equal pictures have one name, so that copies count once.
    names = [hashlib.sha256(pixels.tobytes()).hexdigest() for pixels in pixels_NHWC]
    pictures = PictureArray(pixels_NHWC, {name: row for row, name in enumerate(names)})
    return replace(records, inputs=pl.Series("input", names), pictures=pictures)


def pictures_of(stored: Stored, count: int) -> tuple[NDArray[np.uint8] | None, str]:
    """Pixels (N, H, W, C) of ``count`` pictures, or none and what is expected of them."""
    why = _why_not(stored, count) or ("" if stored.dtype == np.uint8 else "expected pictures")
    return (None, why) if why else (_channels_last(stored.whole()), "")


def _noting(records: Records, note: str) -> Records:
    notes = (*records.manifest.notes, note)
    return replace(records, manifest=records.manifest.model_copy(update={"notes": notes}))


def _why_not(stored: Stored, count: int) -> str | None:
    """What would be shown in place of these; ``None`` where they are."""
    shape, size = stored.shape, math.prod(stored.shape) * stored.dtype.itemsize
    if not shape or shape[0] != count:
        return f"expected one for each of {count} examples"
    if stored.dtype.kind in "US" and len(shape) == 1:
        return None
    if stored.dtype != np.uint8 or not _is_picture(shape[1:]):
        return "expected uint8 (N, H, W), (N, H, W, C) or (N, C, H, W), or (N,) texts"
    if size > LARGEST:
        return f"expected at most {LARGEST >> 20} MB: save smaller pictures"
    return None


def _is_picture(shape: tuple[int, ...]) -> bool:
    channels = len(shape) == 2 or (len(shape) == 3 and bool({shape[0], shape[2]} & set(COLOURS)))
    return channels and 0 not in shape


def _channels_last(values: NDArray[Any]) -> NDArray[np.uint8]:
    """(N, H, W, C) of what ``_is_picture`` took for pictures."""
    if values.ndim == 3:
        return values[..., None]
    last = next(c for axes in ((1, 3), COLOURS) for c in (3, 1) if values.shape[c] in axes)
    return values if last == 3 else values.transpose(0, 2, 3, 1)
