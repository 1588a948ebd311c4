"""Arrays: ``.npz`` (or ``.npy``) as people save them from NumPy, JAX and ``Trainer.predict``.

logits, probs, probabilities   (N, C), or (M, N, C) for M members; of logits the softmax is taken
predictions                    (N,) or (M, N) whole numbers; of floats, rows that sum to 1 are
                               probabilities, others logits
labels, label_ids              (N,) whole numbers, negative for none
ids, classes                   (N,) names of examples, (C,) names of classes

Nothing is unpickled, and one member at a time is in memory. Without ids rows are joined by
position, and a note says so.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.answers import derive
from undertow.records.class_list import refuse_many_classes
from undertow.records.formats.decoding.npz import BARE, MAGIC, Stored, stored_arrays
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.members.names import member_names, population_name
from undertow.records.formats.members.stack import to_records
from undertow.records.formats.predictions.classes import positive_of
from undertow.records.formats.predictions.labels import label_names, with_labels
from undertow.records.opening import open_file
from undertow.records.reading import Reading
from undertow.records.records import MISSING, Records
from undertow.records.schema import Manifest, MemberEntry

NAME = "arrays"
ABOUT = "npz or npy with logits or probabilities (N, C) or (M, N, C), labels (N,), ids (N,)"
USES = ("labels",)
LOGITS, PROBABILITIES = ("logits",), ("probs", "probabilities")
EITHER = ("predictions", "arr_0", BARE)
"""Whole numbers are classes; of floats their rows tell what they are."""
SCORES = (*LOGITS, *PROBABILITIES, *EITHER)
LABELS, IDS, CLASSES = (
    ("labels", "label_ids", "y_true", "targets"),
    ("ids", "example_id", "example_ids"),
    ("classes",),
)


class _File(NamedTuple):
    """One file, before its scores are read. ``pred_MN`` holds whole numbers; with scores it is
    ``None``.

    ``order_N``: where each example of the first file stands in this one; ``None`` for in the same
    order.
    """

    path: Path
    scores: Stored
    pred_MN: NDArray[np.int32] | None
    label_N: NDArray[np.int32] | None
    ids: list[str] | None
    classes: tuple[str, ...] | None
    order_N: NDArray[np.intp] | None = None

    @property
    def M(self) -> int:
        shape = self.scores.shape if self.pred_MN is None else self.pred_MN.shape
        return shape[0] if self.pred_MN is not None or len(shape) == 3 else 1

    @property
    def N(self) -> int:
        return self.scores.shape[-2] if self.pred_MN is None else int(self.pred_MN.shape[1])

    @property
    def width(self) -> int | None:
        """Columns of scores, one per class."""
        return self.scores.shape[-1] if self.pred_MN is None else None

    def ordered(self, values: NDArray[Any]) -> NDArray[Any]:
        return values if self.order_N is None else values[self.order_N]


def sniff(path: Path) -> str | None:
    """An npz that holds one of the known arrays, or an npy."""
    if path.is_dir():
        return None
    try:
        with open_file(path) as file:
            head = file.read(len(MAGIC))
        if head == MAGIC:
            return "NumPy array (npy)"
        if not head.startswith(b"PK"):
            return None
        with zipfile.ZipFile(path) as archive:
            names = {
                name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")
            }
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        return None
    found = next((name for name in SCORES if name in names), None)
    return None if found is None else f"NumPy arrays (npz with {found})"


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population; leading axes and several files are members. Raises ``TableError``, one
    line."""
    first, *others = [_described(path) for path in paths]
    files = [first, *(_in_order_of(first, other) for other in others)]
    notes = (
        []
        if first.ids is not None
        else [f"{first.path}: has no ids, so rows are joined by their position."]
    )
    examples, label_N, classes = _examples(files, reading, notes)
    answers = [
        derive(pred_N, proba_NC, label_N)
        for file in files
        for pred_N, proba_NC in _members(file, len(classes))
    ]
    lost = max(int((a.pred_N == MISSING).sum()) for a in answers)
    if lost:
        notes.append(
            f"{first.path}: up to {lost} rows of a member are not finite and have no prediction."
        )
    ids = [
        i
        for file, name in zip(files, member_names(paths), strict=True)
        for i in _member_ids(name, file.M)
    ]
    positive, said = positive_of(classes)
    manifest = Manifest(
        name=reading.name or population_name(paths),
        task="classification" if positive is None else "binary",
        classes=classes,
        classes_from="observed" if first.classes is None and first.width is None else "declared",
        positive=positive,
        members=tuple(MemberEntry(id=i) for i in ids),
        notes=(*notes, *said),
    )
    return to_records(manifest, examples, label_N, answers, reading.inputs)


def _described(path: Path) -> _File:
    """Everything of a file but its scores, of which the header is enough here."""
    arrays = stored_arrays(path, frozenset({*SCORES, *LABELS, *IDS, *CLASSES}))
    key = next((name for name in SCORES if name in arrays), None)
    if key is None:
        wanted = ", ".join(name for name in SCORES if name != BARE)
        raise TableError(
            f"{path}: holds {', '.join(list(arrays)[:12]) or 'nothing'}; want one of {wanted}"
        )
    scores = arrays[key]
    shape, kind = scores.shape, scores.dtype.kind
    if kind not in "fiu" or len(shape) not in (1, 2, 3) or 0 in shape:
        raise TableError(
            f"{path}: {key} is {scores.dtype} of shape {shape}; want numbers, (N, C) or (M, N, C)"
        )
    whole = kind in "iu" and len(shape) < 3 and key in EITHER
    if not whole and len(shape) == 1:
        raise TableError(f"{path}: {key} is one number an example; want (N, C), a column per class")
    if not whole and shape[-1] == 1:
        raise TableError(f"{path}: {key} has one column; want one per class, of two classes both")
    label, ids, classes = (_small(arrays, names) for names in (LABELS, IDS, CLASSES))
    file = _File(
        path,
        scores,
        _whole(path, key, np.atleast_2d(scores.whole())) if whole else None,
        None if label is None else _whole(path, "labels", label),
        _texts(path, ids),
        None if classes is None else tuple(_texts(path, classes) or ()),
    )
    return _checked(file)


def _checked(file: _File) -> _File:
    for name, rows in (("labels", file.label_N), ("ids", file.ids)):
        if rows is not None and len(rows) != file.N:
            raise TableError(
                f"{file.path}: has {len(rows)} {name} and {file.N} rows of predictions; want one"
                " each"
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
            " classes; want one each"
        )
    return file


def _in_order_of(first: _File, other: _File) -> _File:
    """The other file with its rows in the first one's order, by ids; ``TableError`` where they are
    other examples."""
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
            f"{other.path}: the label of {what} is {other.ordered(other.label_N)[n]}, but"
            f" {first.label_N[n]} in {first.path} ({int(differs_N.sum())} of {first.N} differ);"
            f" {fix}"
        )
    return other


def _examples(
    files: list[_File], reading: Reading, notes: list[str]
) -> tuple[pl.DataFrame, NDArray[np.int32], tuple[str, ...]]:
    """Ids, labels as class indices, and the classes; labels may come from a table of their own."""
    first = files[0]
    label_N = next((f.ordered(f.label_N) for f in files if f.label_N is not None), None)
    classes = first.classes or _named_classes(files, label_N, reading)
    others = pl.DataFrame(
        {"example_id": pl.Series(first.ids or [str(i) for i in range(first.N)], dtype=pl.String)}
    )
    if reading.labels is not None:
        (sheet,) = with_labels([Sheet("labels", str(first.path), others)], reading.labels, notes)
        index = {name: c for c, name in enumerate(classes)}
        unknown = next((v for v in sheet.frame["label"].drop_nulls() if v not in index), None)
        if unknown is not None:
            raise TableError(
                f"{reading.labels}: label {unknown[:60]!r} is none of the {len(classes)} classes of"
                f" {first.path}"
            )
        label_N = np.array(
            [MISSING if v is None else index[v] for v in sheet.frame["label"]], dtype=np.int32
        )
        others = sheet.frame.drop("label")
    if label_N is None:
        label_N = np.full(first.N, MISSING, dtype=np.int32)
    if int(label_N.max(initial=0)) >= len(classes):
        raise TableError(
            f"{first.path}: labels are {label_N.size} up to {label_N.max()}; want {first.N} below"
            f" {len(classes)}"
        )
    label = pl.Series("label", label_N).replace(MISSING, None)
    return (
        others.select("example_id", label, *(c for c in others.columns if c != "example_id")),
        label_N,
        classes,
    )


def _named_classes(
    files: list[_File], label_N: NDArray[np.int32] | None, reading: Reading
) -> tuple[str, ...]:
    """Names that the table of labels declares for as many columns as there are, else numbers."""
    known = [label_N, *(f.pred_MN for f in files)]
    count = files[0].width or 1 + max(int(a.max(initial=0)) for a in known if a is not None)
    refuse_many_classes(files[0].path, count)
    declared = None if reading.labels is None else label_names(reading.labels)
    return (
        declared
        if declared is not None and len(declared) == count
        else tuple(str(c) for c in range(count))
    )


def _members(
    file: _File, classes: int
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32] | None]]:
    """Every member's predictions, and probabilities where there are scores."""
    if file.pred_MN is not None:
        if int(file.pred_MN.max()) >= classes:
            raise TableError(
                f"{file.path}: predicts class {file.pred_MN.max()}; there are classes 0 to"
                f" {classes - 1}"
            )
        yield from ((file.ordered(pred_N), None) for pred_N in file.pred_MN)
        return
    key = file.scores.name
    logits = True if key in LOGITS else False if key in PROBABILITIES else None
    for scores_NC in file.scores.blocks():
        proba_NC, logits = _probabilities(file.path, key, file.ordered(scores_NC), logits)
        missing_N = np.isnan(proba_NC[:, 0])
        yield np.where(missing_N, MISSING, proba_NC.argmax(axis=1)).astype(np.int32), proba_NC


def _probabilities(
    path: Path, key: str, scores_NC: NDArray[Any], logits: bool | None
) -> tuple[NDArray[np.float32], bool | None]:
    """Softmax of logits; probabilities as they are; rows that are not finite are NaN.

    ``logits`` is ``None`` while nothing says which of them the scores are; the first member with
    finite rows does.
    """
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # What float32 cannot hold is not finite, so no prediction.
        out = scores_NC.astype(np.float32)
    bad_N = ~np.isfinite(out).all(axis=1)
    sums = _sums_to_one(out[~bad_N] if bad_N.any() else out)
    if logits is None and not bad_N.all():
        logits = not sums
    if logits is False and not sums:
        raise TableError(
            f"{path}: rows of {key} are no probabilities that sum to 1; name them logits if they"
            " are scores"
        )
    out[bad_N] = 0
    if logits:
        with np.errstate(
            over="ignore"
        ):  # As far below the largest as float32 does not reach is a probability of 0.
            out -= out.max(axis=1, keepdims=True)
        np.exp(out, out=out)
        out /= out.sum(axis=1, keepdims=True)
    out[bad_N] = np.nan
    return out, logits


def _sums_to_one(proba_NC: NDArray[np.float32]) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return bool((proba_NC >= 0).all() and (np.abs(proba_NC.sum(axis=1) - 1) < 0.01).all())


def _member_ids(name: str, several: int) -> list[str]:
    return [name] if several == 1 else [f"{name[:110]}-m{m:02d}" for m in range(several)]


def _whole(path: Path, name: str, values: NDArray[Any]) -> NDArray[np.int32]:
    """Class indices; every negative number means none."""
    if (
        values.dtype.kind == "f"
        and np.isfinite(values).all()
        and (values == np.round(values)).all()
    ):
        values = np.clip(values, MISSING, 1 << 31).astype(np.int64)
    if values.dtype.kind not in "biu":
        raise TableError(
            f"{path}: {name} is {values.dtype}; want class indices, whole numbers from 0"
        )
    refuse_many_classes(path, 1 + int(values.max(initial=0)))
    return np.maximum(values.astype(np.int64), MISSING).astype(np.int32)


def _texts(path: Path, values: NDArray[Any] | None) -> list[str] | None:
    if values is None:
        return None
    if values.dtype.kind not in "USiu" or values.ndim != 1:
        raise TableError(
            f"{path}: names are {values.dtype} of shape {values.shape}; want one text or number"
            " each"
        )
    if values.dtype.kind == "U" and not _are_code_points(values):
        raise TableError(f"{path}: names hold what is no text; the file is damaged: save it again")
    texts = [
        v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values.tolist()
    ]
    # A lone surrogate is text to NumPy and not to anything after it.
    return [text.encode("utf-8", "replace").decode() for text in texts]


def _are_code_points(values: NDArray[Any]) -> bool:
    """Whether four bytes a character are characters; making Python texts of others is an error of
    the interpreter."""
    code = np.frombuffer(values.tobytes(), np.dtype(np.uint32).newbyteorder(values.dtype.byteorder))
    return not code.size or int(code.max()) <= sys.maxunicode


def _small(arrays: dict[str, Stored], names: tuple[str, ...]) -> NDArray[Any] | None:
    found = next((arrays[name] for name in names if name in arrays), None)
    return None if found is None else found.whole().reshape(-1)
