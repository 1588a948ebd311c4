"""Reads everything of a file of arrays but its scores.

Files of several members are brought to one order of examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.class_list import order_classes, refuse_many_classes
from undertow.records.classes_told import BY_ANSWERS, MARK
from undertow.records.formats.arrays.label_choice import Expected, choice_notes, chosen
from undertow.records.formats.arrays.other_keys import one_number, other_keys
from undertow.records.formats.arrays.unnamed import NAMES, UnnamedClasses
from undertow.records.formats.decoding.npz import (
    BARE,
    Stored,
    are_code_points,
    array_names,
    stored_arrays,
)
from undertow.records.formats.predictions.label_arrays import CALLED
from undertow.records.order_by_answers import names_by_answers
from undertow.records.order_told import Names
from undertow.records.records import MISSING

LOGITS = ("logits",)
PROBABILITIES = (
    "probs", "probabilities", "softmax", "proba", "probas", "prob", "y_prob", "y_proba",
)  # fmt: skip
EITHER = ("predictions", "preds", "pred", "y_pred", "arr_0", BARE)
"""Whole numbers are classes; of floats their rows tell what they are."""
SCORES = (*LOGITS, *PROBABILITIES, *EITHER)
LABELS, IDS, CLASSES = (
    CALLED,
    ("ids", "example_id", "example_ids"),
    (NAMES,),
)
INPUTS = ("input", "inputs", "images")


class ArrayFile(NamedTuple):
    """One file, before its scores are read.

    ``pred_MN`` are predictions as whole numbers; a file with scores has none. ``order_N`` says
    where each example of the first file stands in this one, unless the order is the same.
    """

    path: Path
    scores: Stored
    pred_MN: NDArray[np.int32] | None
    label_N: NDArray[np.int32] | None
    ids: list[str] | None
    classes: tuple[str, ...] | None
    order_N: NDArray[np.intp] | None = None
    notes: tuple[str, ...] = ()
    """On which labels were taken."""
    told_by_answers: bool = False
    """Whether the file says so of the order of its names."""

    @property
    def M(self) -> int:
        shape = self.scores.shape if self.pred_MN is None else self.pred_MN.shape
        return shape[0] if self.pred_MN is not None or len(shape) == 3 else 1

    @property
    def N(self) -> int:
        return self.scores.shape[-2] if self.pred_MN is None else int(self.pred_MN.shape[1])

    @property
    def width(self) -> int | None:
        """The number of columns of scores, one per class."""
        return self.scores.shape[-1] if self.pred_MN is None else None

    def answers(self) -> Iterator[NDArray[np.integer]]:
        """Every member's, as numbers of columns, negative where a row of scores is not finite."""
        if self.pred_MN is not None:
            yield from map(self.ordered, self.pred_MN)
            return
        for scores_NC in self.scores.blocks():
            finite_N = np.isfinite(scores_NC).all(axis=1)
            yield self.ordered(np.where(finite_N, scores_NC.argmax(axis=1), MISSING))

    def ordered(self, values: NDArray[Any]) -> NDArray[Any]:
        return values if self.order_N is None else values[self.order_N]


def _may_be_probable(scores: Stored) -> bool:
    """Whether the one array of a file, which has no name, is decimals from 0 to 1."""
    if scores.name != BARE or scores.dtype.kind != "f" or len(scores.shape) != 1:
        return False
    whole = scores.whole()
    return bool((whole >= 0).all() and (whole <= 1).all() and (whole % 1 != 0).any())


def described(path: Path) -> ArrayFile:
    """Reads everything but the scores, of which the header is enough here."""
    arrays = stored_arrays(path, frozenset({*SCORES, *IDS, *CLASSES, MARK}))
    key = next((name for name in SCORES if name in arrays), None)
    if key is None:
        wanted = [name for name in SCORES if name != BARE]
        raise other_keys(path, wanted, {*LABELS, *IDS, *CLASSES, *INPUTS})
    scores = arrays[key]
    shape, kind = scores.shape, scores.dtype.kind
    if kind not in "fiu" or len(shape) not in (1, 2, 3) or 0 in shape:
        raise TableError(
            f"{path}: {key} is {scores.dtype} of shape {shape}; expected numbers, (N, C) or "
            "(M, N, C)"
        )
    whole = kind in "iu" and len(shape) < 3 and key in EITHER
    if not whole and len(shape) == 1:
        raise one_number(path, key, key in PROBABILITIES or _may_be_probable(scores))
    if not whole and shape[-1] == 1:
        raise TableError(
            f"{path}: {key} has one column; expected one per class, of two classes both"
        )
    ids, classes = (_small(arrays, names) for names in (IDS, CLASSES))
    names = None if classes is None else tuple(texts_of(path, classes) or ())
    file = ArrayFile(
        path,
        scores,
        _whole(path, key, np.atleast_2d(scores.whole())) if whole else None,
        None,
        texts_of(path, ids),
        names,
        told_by_answers=MARK in arrays and texts_of(path, _small(arrays, [MARK])) == [BY_ANSWERS],
    )
    return _checked(file if BARE in arrays else _with_labels(file))


def _with_labels(file: ArrayFile) -> ArrayFile:
    expected = Expected(file.N, file.width, file.classes or ())
    found = chosen(file.path, array_names(file.path), expected)
    if found is None:
        return file
    label_N = _labels(file, found.values)
    notes = choice_notes(file.path, found, expected, partial(_labels, file))
    return file._replace(label_N=label_N, notes=tuple(notes))


def _checked(file: ArrayFile) -> ArrayFile:
    for name, rows in (("labels", file.label_N), ("ids", file.ids)):
        if rows is not None and len(rows) != file.N:
            raise TableError(
                f"{file.path}: has {len(rows)} {name} and {file.N} rows of predictions; "
                "expected one "
                "each"
            )
    ids, classes = pl.Series(file.ids or [], dtype=pl.String), file.classes
    if ids.is_duplicated().any():
        first = ids.filter(ids.is_duplicated())[0]
        raise TableError(f"{file.path}: id {first!r} is there more than once; make ids unique")
    if classes is not None and len(set(classes)) < len(classes):
        raise TableError(f"{file.path}: two classes have one name; make names unique")
    if classes is not None and file.width not in (None, len(classes)):
        raise TableError(
            f"{file.path}: the arrays have {file.width} columns and {len(classes)} names of"
            " classes; expected one each"
        )
    return file


def in_order_of(first: ArrayFile, other: ArrayFile) -> ArrayFile:
    """Brings the other file's rows to the first one's order, by ids.

    Raises ``TableError`` where they are other examples.
    """
    same = (other.N, other.width, other.classes) == (first.N, first.width, first.classes)
    if not same or set(other.ids or ()) != set(first.ids or ()):
        raise TableError(
            f"{other.path}: has other examples or classes than {first.path}; predict the same with"
            " all members"
        )
    if other.ids is not None and other.ids != first.ids:
        place = {i: n for n, i in enumerate(other.ids)}
        other = other._replace(order_N=np.array([place[i] for i in first.ids or ()]))
    if first.label_N is None or other.label_N is None:
        return other
    differs_N = first.label_N != other.ordered(other.label_N)
    if differs_N.any():
        n = int(differs_N.argmax())
        what = f"row {n}" if first.ids is None else f"example {first.ids[n]!r}"
        fix = (
            "their rows are in another order: save ids too"
            if first.ids is None
            else "correct the ids or the labels"
        )
        raise TableError(
            f"{other.path}: the label of {what} is {other.ordered(other.label_N)[n]}, but "
            f"{first.label_N[n]} in {first.path} ({int(differs_N.sum())} of {first.N} differ); "
            f"{fix}"
        )
    return other


def _labels(file: ArrayFile, label: NDArray[Any]) -> NDArray[np.int32]:
    """Class indices, also of labels that are the names of classes."""
    path, classes = file.path, file.classes or ()
    if label.dtype.kind not in "US":
        return _whole(path, "labels", label)
    index = {name: c for c, name in enumerate(classes)}
    texts = texts_of(path, label) or []
    unknown = next((text for text in texts if text and text not in index), None)
    if unknown is not None and not classes:
        said = f"{path}: label {unknown[:60]!r} is a name, and it holds no array {NAMES}"
        names = order_classes({*texts} - {""})
        count = _count(file, len(names))
        known = pl.Series([text or None for text in texts], dtype=pl.String)
        told = None if len(known) != file.N else names_by_answers(known, file.answers(), count)
        raise UnnamedClasses.of(said, [path], told or Names(names, count))
    if unknown is not None:
        raise TableError(
            f"{path}: label {unknown[:60]!r} is none of the {len(classes)} classes; save an array "
            f"{NAMES} with the name of each column, in their order, or labels as whole numbers "
            "from 0"
        )
    return np.array([index.get(text, MISSING) for text in texts], dtype=np.int32)


def _count(file: ArrayFile, names: int) -> int:
    """How many classes have a name; whole numbers need not show all of them."""
    if file.pred_MN is None:
        return file.scores.shape[-1]
    return max(1 + int(file.pred_MN.max()), names)


def _whole(path: Path, name: str, values: NDArray[Any]) -> NDArray[np.int32]:
    """Returns class indices. Every negative number means none."""
    if (
        values.dtype.kind == "f"
        and np.isfinite(values).all()
        and (values == np.round(values)).all()
    ):
        values = np.clip(values, MISSING, 1 << 31).astype(np.int64)
    if values.dtype.kind not in "biu":
        raise TableError(
            f"{path}: {name} is {values.dtype}; expected class indices, whole numbers from 0"
        )
    refuse_many_classes(path, 1 + int(values.max(initial=0)))
    return np.maximum(values.astype(np.int64), MISSING).astype(np.int32)


def texts_of(path: Path, values: NDArray[Any] | None) -> list[str] | None:
    """Texts, or whole numbers as text. Raises ``TableError`` for anything else."""
    if values is None:
        return None
    if values.dtype.kind not in "USiu" or values.ndim != 1:
        raise TableError(
            f"{path}: names are {values.dtype} of shape {values.shape}; expected one text or "
            "number "
            "each"
        )
    if values.dtype.kind == "U" and not are_code_points(values):
        raise TableError(f"{path}: names hold what is no text; the file is damaged: save it again")
    texts = [
        v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values.tolist()
    ]
    # A lone surrogate is text to NumPy and not to anything after it.
    return [text.encode("utf-8", "replace").decode() for text in texts]


def _small(arrays: dict[str, Stored], names: Sequence[str]) -> NDArray[Any] | None:
    found = next((arrays[name] for name in names if name in arrays), None)
    return None if found is None else found.whole().reshape(-1)
