"""Labels of an npz: the index of a class for each example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.decoding.npz import Stored


def labels_of(path: Path, stored: Stored, scores: Stored, classes: int) -> NDArray[np.int32]:
    """(N,). ``TableError`` says how to save those that are other ones."""
    examples = scores.shape[-2]
    if stored.dtype.kind in "SU" and stored.shape == (examples,):
        raise TableError(
            f"{path}: labels are words; expected indices of classes in the order of the scores: "
            "classes, labels = np.unique(words, return_inverse=True), where that order is sorted; "
            "np.savez(…, labels=labels, classes=classes)"
        )
    if stored.dtype.kind not in "iu" or stored.shape != (examples,):
        raise TableError(
            f"{path}: labels is {stored.dtype} of shape {stored.shape}; expected the index of a "
            f"class for each of {examples:,} examples{_fix(stored, scores, classes)}"
        )
    label_N = stored.whole().astype(np.int64)
    if label_N.min() < 0 or label_N.max() >= classes:
        wrong = int(label_N.min() if label_N.min() < 0 else label_N.max())
        raise TableError(
            f"{path}: a label is {wrong}; expected indices of classes, 0 to {classes - 1}"
        )
    return label_N.astype(np.int32)


def _fix(stored: Stored, scores: Stored, classes: int) -> str:
    """How to save labels of another kind or shape."""
    examples = scores.shape[-2]
    if stored.dtype.kind not in "iuf":
        return ": save whole numbers, counted from 0"
    if stored.shape == (examples, classes):
        return ": save labels.argmax(axis=1) where each row marks one class"
    if stored.shape == (examples, 1):
        return ": save labels[:, 0]"
    if stored.shape == (examples,):
        return _of_floats(stored.whole())
    if len(stored.shape) == 1 and stored.shape[0] in scores.shape:
        return (
            f", the last axis but one of {scores.name} of shape {scores.shape}: transpose it to "
            "(members, epochs, examples, classes)"
        )
    return f", the last axis but one of {scores.name} of shape {scores.shape}: save both of one run"


def _of_floats(label_N: NDArray[Any]) -> str:
    broken_N = label_N != np.round(label_N)  # Also where one is NaN.
    if broken_N.any():
        row = int(broken_N.argmax())
        return (
            f", and that of example {row:,}, counted from 0, is {label_N[row]:g}: give it a class, "
            "or take it out"
        )
    return ": save labels.astype(int)"
