"""Arrays: ``.npz`` (or ``.npy``) as people save them from NumPy, JAX and ``Trainer.predict``.

logits, probs, probabilities   (N, C), or (M, N, C) for M members; of logits the softmax is taken
predictions                    (N,) or (M, N) whole numbers; floats of (N, C) are logits
labels, label_ids              (N,) whole numbers, negative for none
ids, classes                   (N,) names of examples, (C,) names of classes

Nothing is unpickled. Without ids rows are joined by position, and a note says so.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.answers import Answers, derive, stacked
from undertow.records.formats._classes import positive_of
from undertow.records.formats._join import Sheet
from undertow.records.formats._labels import with_labels
from undertow.records.formats._names import member_names, population_name
from undertow.records.reading import Reading
from undertow.records.records import MISSING, Records
from undertow.records.schema import Manifest, MemberEntry

NAME = "arrays"
ABOUT = "npz or npy with logits or probabilities (N, C) or (M, N, C), labels (N,), ids (N,)"
SCORES = ("logits", "probs", "probabilities", "predictions", "arr_0")
LABELS, IDS, CLASSES = ("labels", "label_ids", "y_true", "targets"), ("ids", "example_id", "example_ids"), ("classes",)
LARGEST = 16 << 30
"""Bytes that the arrays of one file may claim to hold."""


class _Loaded(NamedTuple):
    """One file: probabilities (M, N, C) or ``None``, predictions (M, N), and what names rows and classes."""

    proba_MNC: NDArray[Any] | None
    pred_MN: NDArray[np.int32]
    label_N: NDArray[np.int32] | None
    ids: list[str] | None
    classes: tuple[str, ...] | None
    several: int


def sniff(path: Path) -> str | None:
    """An npz that holds one of the known arrays, or an npy."""
    if path.is_dir():
        return None
    try:
        with path.open("rb") as file:
            head = file.read(6)
        if head == b"\x93NUMPY":
            return "NumPy array (npy)"
        if not head.startswith(b"PK"):
            return None
        with zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        return None
    found = next((name for name in SCORES if name in names), None)
    return None if found is None else f"NumPy arrays (npz with {found})"


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population; leading axes and several files are members. Raises ``TableError``, one line."""
    files = [(path, _read(path)) for path in paths]
    first_path, first = files[0]
    for path, other in files[1:]:
        if other.pred_MN.shape[1] != first.pred_MN.shape[1] or other.ids != first.ids or other.classes != first.classes:
            raise TableError(
                f"{path}: has other examples or classes than {first_path}; predict the same with all members"
            )
    notes = [] if first.ids is not None else [f"{first_path}: has no ids, so rows are joined by their position."]
    examples, label_N, classes = _examples(first_path, first, files, reading)
    answers = [a for path, loaded in files for a in _answers(loaded, label_N, len(classes))]
    if any((a.pred_N == MISSING).any() for a in answers):
        lost = max(int((a.pred_N == MISSING).sum()) for a in answers)
        notes.append(f"{first_path}: up to {lost} rows of a member are not finite and have no prediction.")
    ids = [i for (_, f), name in zip(files, member_names(paths), strict=True) for i in _member_ids(name, f.several)]
    positive, said = positive_of(classes)
    manifest = Manifest(
        name=reading.name or population_name(paths),
        task="classification" if positive is None else "binary",
        classes=classes,
        classes_from="observed" if first.classes is None and first.proba_MNC is None else "declared",
        positive=positive,
        members=tuple(MemberEntry(id=i) for i in ids),
        notes=(*notes, *said),
    )
    return Records(
        manifest,
        examples,
        np.stack([a.pred_N for a in answers]),
        stacked(a.p_label_N for a in answers),
        stacked(a.confidence_N for a in answers),
        stacked(a.margin_N for a in answers),
        stacked(a.proba_NC for a in answers),
    )


def _examples(
    path: Path, first: _Loaded, files: list[tuple[Path, _Loaded]], reading: Reading
) -> tuple[pl.DataFrame, NDArray[np.int32], tuple[str, ...]]:
    """Ids, labels as class indices, and the classes; labels may come from a table of their own."""
    n = first.pred_MN.shape[1]
    ids = pl.Series("example_id", first.ids or [str(i) for i in range(n)], dtype=pl.String)
    if ids.is_duplicated().any():
        raise TableError(f"{path}: id {ids.filter(ids.is_duplicated())[0]!r} is there more than once; make ids unique")
    label_N = next((f.label_N for _, f in files if f.label_N is not None), None)
    width = None if first.proba_MNC is None else first.proba_MNC.shape[2]
    highest = max(int(f.pred_MN.max(initial=0)) for _, f in files)
    classes = first.classes or tuple(str(c) for c in range(width or max(highest, _highest(label_N)) + 1))
    others = pl.DataFrame({"example_id": ids})
    if reading.labels is not None:
        (sheet,) = with_labels([Sheet("labels", str(path), others)], reading.labels)
        index = {name: c for c, name in enumerate(classes)}
        unknown = next((v for v in sheet.frame["label"].drop_nulls() if v not in index), None)
        if unknown is not None:
            raise TableError(
                f"{reading.labels}: label {unknown[:60]!r} is none of the {len(classes)} classes of {path}"
            )
        label_N = np.array([index.get(v, MISSING) if v else MISSING for v in sheet.frame["label"]], dtype=np.int32)
        others = sheet.frame.drop("label")
    if label_N is None:
        label_N = np.full(n, MISSING, dtype=np.int32)
    if label_N.size != n or int(label_N.max(initial=0)) >= len(classes):
        raise TableError(
            f"{path}: labels are {label_N.size} up to {label_N.max(initial=0)}; want {n} below {len(classes)}"
        )
    label = pl.Series("label", label_N).replace(MISSING, None)
    return others.select("example_id", label, *(c for c in others.columns if c != "example_id")), label_N, classes


def _highest(label_N: NDArray[np.int32] | None) -> int:
    return 0 if label_N is None else int(label_N.max(initial=0))


def _answers(loaded: _Loaded, label_N: NDArray[np.int32], classes: int) -> list[Answers]:
    if loaded.proba_MNC is None:
        return [derive(pred_N, None, label_N) for pred_N in loaded.pred_MN]
    if loaded.proba_MNC.shape[2] != classes:
        raise TableError(
            f"the arrays have {loaded.proba_MNC.shape[2]} columns and {classes} names of classes; want one each"
        )
    return [derive(p, proba, label_N) for p, proba in zip(loaded.pred_MN, loaded.proba_MNC, strict=True)]


def _member_ids(name: str, several: int) -> list[str]:
    return [name] if several == 1 else [f"{name[:110]}-m{m:02d}" for m in range(several)]


def _read(path: Path) -> _Loaded:
    """Headers of arrays are Python literals, and what NumPy raises for broken ones is of many kinds."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _loaded(path, _arrays(path))
    except TableError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:120] or type(error).__name__
        raise TableError(f"{path}: cannot be read as arrays ({said}); save it again") from error


def _loaded(path: Path, arrays: dict[str, NDArray[Any]]) -> _Loaded:
    key = next((name for name in SCORES if name in arrays), None)
    if key is None:
        raise TableError(f"{path}: holds {', '.join(list(arrays)[:12]) or 'nothing'}; want one of {', '.join(SCORES)}")
    scores = arrays[key]
    if scores.dtype.kind not in "fiu" or scores.ndim not in (1, 2, 3) or 0 in scores.shape:
        raise TableError(f"{path}: {key} is {scores.dtype} of shape {scores.shape}; want numbers, (N, C) or (M, N, C)")
    whole = scores.dtype.kind in "iu" and scores.ndim < 3
    label = _named(arrays, LABELS)
    ids, classes = _texts(path, _named(arrays, IDS)), _texts(path, _named(arrays, CLASSES))
    labels = None if label is None else _whole(path, "labels", label)
    if whole:
        pred_MN = _whole(path, key, np.atleast_2d(scores))
        return _checked(
            path, _Loaded(None, pred_MN, labels, ids, None if classes is None else tuple(classes), len(pred_MN))
        )
    if scores.ndim == 1:
        raise TableError(f"{path}: {key} is one number an example; want (N, C), a column per class")
    proba_MNC = _probabilities(path, key, scores[None] if scores.ndim == 2 else scores)
    pred_MN = np.where(np.isnan(proba_MNC).any(axis=2), MISSING, np.nan_to_num(proba_MNC).argmax(axis=2)).astype(
        np.int32
    )
    named = None if classes is None else tuple(classes)
    return _checked(path, _Loaded(proba_MNC, pred_MN, labels, ids, named, len(pred_MN)))


def _checked(path: Path, loaded: _Loaded) -> _Loaded:
    n = loaded.pred_MN.shape[1]
    for name, rows in (("labels", loaded.label_N), ("ids", loaded.ids)):
        if rows is not None and len(rows) != n:
            raise TableError(f"{path}: has {len(rows)} {name} and {n} rows of predictions; want one each")
    if loaded.classes is not None and len(set(loaded.classes)) < len(loaded.classes):
        raise TableError(f"{path}: two classes have one name; make names unique")
    return loaded


def _probabilities(path: Path, key: str, scores_MNC: NDArray[Any]) -> NDArray[np.float32]:
    """Softmax of logits; probabilities as they are. Rows that are not finite are NaN."""
    with np.errstate(over="ignore"):  # What float32 cannot hold is not finite, and so no prediction.
        out = scores_MNC.astype(np.float32)
    bad_MN = ~np.isfinite(out).all(axis=2)
    out[bad_MN] = 0
    if key in ("logits", "predictions", "arr_0") and not _sums_to_one(out):
        out -= out.max(axis=2, keepdims=True)
        np.exp(out, out=out)
        out /= out.sum(axis=2, keepdims=True)
    elif not _sums_to_one(out[~bad_MN][None]):
        raise TableError(
            f"{path}: rows of {key} are no probabilities that sum to 1; name them logits if they are scores"
        )
    out[bad_MN] = np.nan
    return out


def _sums_to_one(proba_MNC: NDArray[Any]) -> bool:
    return bool((proba_MNC >= 0).all() and (np.abs(proba_MNC.sum(axis=2) - 1) < 0.01).all())


def _whole(path: Path, name: str, values: NDArray[Any]) -> NDArray[np.int32]:
    """Class indices; every negative number means none."""
    if values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.round(values)).all():
        values = values.astype(np.int64)
    if values.dtype.kind not in "iu" or (values.size and int(values.max()) > 1 << 24):
        raise TableError(f"{path}: {name} is {values.dtype}; want class indices, whole numbers from 0")
    return np.maximum(values.astype(np.int64), MISSING).astype(np.int32)


def _texts(path: Path, values: NDArray[Any] | None) -> list[str] | None:
    if values is None:
        return None
    if values.dtype.kind not in "USiu" or values.ndim != 1:
        raise TableError(f"{path}: names are {values.dtype} of shape {values.shape}; want one text or number each")
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values.tolist()]


def _named(arrays: dict[str, NDArray[Any]], names: tuple[str, ...]) -> NDArray[Any] | None:
    found = next((arrays[name] for name in names if name in arrays), None)
    return found if found is None or found.ndim == 1 else found.reshape(-1)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of the file that is wanted, none of it pickled, none larger than the file says it is."""
    wanted = {*SCORES, *LABELS, *IDS, *CLASSES}
    with path.open("rb") as file:
        if file.read(6) == b"\x93NUMPY":
            _refuse_claim(path, path.stat().st_size, file)
            return {"logits": np.load(path, allow_pickle=False)}
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name in wanted:
                with archive.open(info) as member:
                    _refuse_claim(path, info.file_size, member)
                with archive.open(info) as member:
                    arrays[name] = np.lib.format.read_array(member, allow_pickle=False)
    return arrays


def _refuse_claim(path: Path, held: int, file: Any) -> None:
    """A header may claim any shape: more than the file holds is damage, more than ``LARGEST`` is not for here."""
    if held > LARGEST:
        raise TableError(f"{path}: an array of {held / 1e9:.0f} GB is too large to read; save fewer members or classes")
    if file.tell():
        file.seek(0)
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = reader(file)
    claimed = int(np.prod([int(s) for s in shape], dtype=object)) * dtype.itemsize
    if dtype.hasobject:
        raise TableError(f"{path}: holds Python objects, which are never unpickled; save plain numbers or text")
    if claimed > held:
        raise TableError(
            f"{path}: claims {claimed:,} bytes and holds {held:,}; it is cut off or damaged: save it again"
        )
