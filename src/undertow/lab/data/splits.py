"""From two raw parts to ``Splits``: the long tail, the frequency columns and the pixel statistics,
in one place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.lazy import Images, LazyImages, chunks
from undertow.lab.data.longtail import LongTail, frequency_columns, take

_Any = TypeVar("_Any", bound=np.generic)
Statistics: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation per channel, of pixels scaled to [0, 1]."""


def assemble(
    name: str,
    classes: Sequence[str],
    train: Part,
    test: Part,
    tail: LongTail | None = None,
    given: Statistics | None = None,
) -> Splits:
    """``Splits`` of two parts; with a ``tail``, the training part is thinned and both parts get
    ``frequency`` and ``train_count`` columns. Mean and deviation are as ``given``, or of the
    training pixels that are left.

    Raises ``UserError`` where a part is empty or a label lies outside the classes.
    """
    for which, part in (("train", train), ("test", test)):
        _check(f"{name}, {which} part", part, classes)
    if tail is not None:
        train = take(train, tail.index(train.label_N, len(classes)))
        count_C = np.bincount(train.label_N, minlength=len(classes))
        train, test = (_with_frequency(part, count_C) for part in (train, test))
    mean, std = given or pixel_statistics(train.x_NCHW)
    train, test = _own(train), _own(test)
    return Splits(name, tuple(classes), train, test, mean, std)


def first_per_class(part: Part, count: int | None) -> Part:
    """The first ``count`` examples of each class, in the part's order; everything for ``None``."""
    check_per_class(count)
    if count is None:
        return part
    rank_N = np.zeros(len(part.label_N), dtype=np.int64)
    for label in np.unique(part.label_N):
        rows = np.flatnonzero(part.label_N == label)
        rank_N[rows] = np.arange(len(rows))
    return take(part, np.flatnonzero(rank_N < count))


def check_per_class(count: int | None) -> None:
    """``UserError`` where ``count`` would leave a class empty."""
    if count is not None and count < 1:
        raise UserError(
            f"{count} examples per class: at least 1 is needed. Give a positive "
            "number, or None for all."
        )


def given_statistics(
    where: str, mean: tuple[float, ...] | None, std: tuple[float, ...] | None, channels: int
) -> Statistics | None:
    """Mean and deviation of a data set's description, ``None`` for neither; ``UserError`` for what
    they cannot be."""
    if mean is None and std is None:
        return None
    said = f"{where}(mean={mean}, std={std})"
    if mean is None or std is None:
        raise UserError(f"{said}: give both, or neither to have them counted.")
    if len(mean) != channels or len(std) != channels:
        raise UserError(f"{said}: give one number per channel, {channels} of each.")
    if not all(math.isfinite(number) for number in (*mean, *std)) or min(std) <= 0:
        raise UserError(f"{said}: give finite numbers, and deviations above 0.")
    return mean, std


def check_same_size(where: str, train: Part, test: Part) -> None:
    """``UserError`` where the images of the two parts differ in height or width."""
    (h, w), (h0, w0) = test.x_NCHW.shape[2:], train.x_NCHW.shape[2:]
    if (h, w) != (h0, w0):
        raise UserError(
            f"{where}: test images have {h} × {w} pixels, training images {h0} × {w0}. Give "
            f"size=({h0}, {w0})."
        )


def pixel_statistics(x_NCHW: Images) -> Statistics:
    """Mean and standard deviation per channel of pixels scaled to [0, 1]; a constant channel gets
    deviation 1.

    Counted from the histogram of the 256 pixel values, so the result is exact whatever the order of
    the examples.
    """
    count_CV = np.zeros((x_NCHW.shape[1], 256), dtype=np.int64)
    for x_BCHW in chunks(x_NCHW):
        for channel, count_V in enumerate(count_CV):
            count_V += np.bincount(x_BCHW[:, channel].ravel(), minlength=256)
    value = np.arange(256) / 255.0
    means, stds = [], []
    for count_V in count_CV:
        share = count_V / count_V.sum()
        mean = float(share @ value)
        means.append(mean)
        stds.append(float(np.sqrt(share @ (value - mean) ** 2)) or 1.0)
    return tuple(means), tuple(stds)


def _check(where: str, part: Part, classes: Sequence[str]) -> None:
    if not len(part.label_N):
        raise UserError(
            f"{where}: no examples. Check that the folder or file holds both a "
            "training and a test part."
        )
    low, high = int(part.label_N.min()), int(part.label_N.max())
    if low < 0 or high >= len(classes):
        outside = low if low < 0 else high
        raise UserError(
            f"{where}: label {outside} is outside 0 … {len(classes) - 1}. "
            f"Give the names of all classes in the order of their labels."
        )


def _own(part: Part) -> Part:
    """Arrays that the caller may write to: some readers hand out views of a file or of a cache."""
    images = part.x_NCHW
    owned = images if isinstance(images, LazyImages) else _writable(images)
    return replace(part, x_NCHW=owned, label_N=_writable(part.label_N))


def _writable(array: NDArray[_Any]) -> NDArray[_Any]:
    return array if array.flags.writeable else array.copy()


def _with_frequency(part: Part, count_C: NDArray[np.int64]) -> Part:
    columns = frequency_columns(count_C, part.label_N)
    return replace(part, slices=pl.concat([part.slices, columns], how="horizontal"))
