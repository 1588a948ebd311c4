"""Arrays: ``.npz`` (or ``.npy``) as people save them from NumPy, JAX and ``Trainer.predict``.

logits; probs, probabilities, softmax, proba, y_prob …
                               (N, C), or (M, N, C) for M members; of logits the softmax is taken
predictions, preds, y_pred …   (N,) or (M, N) whole numbers; of floats, rows that sum to 1 are
                               probabilities, others logits; all from 0 to 1, or per cent, is
                               refused with what to type
labels, y_true, gold, truth …  (N,) whole numbers, negative for none, or names of classes
ids, classes                   (N,) names of examples, (C,) names of classes
input, inputs, images          pixels to show: uint8 (N, H, W), (N, H, W, C) or (N, C, H, W); or
                               (N,) texts, which may name files of pictures

Nothing is unpickled, and one member at a time is in memory. Without ids rows are joined by
position, and a note says so.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.answers import derive
from undertow.records.class_list import refuse_many_classes
from undertow.records.classes_told import note_on
from undertow.records.formats.arrays.files import (
    CLASSES,
    IDS,
    INPUTS,
    LABELS,
    SCORES,
    ArrayFile,
    described,
    in_order_of,
)
from undertow.records.formats.arrays.inputs import with_inputs
from undertow.records.formats.arrays.label_choice import SURE
from undertow.records.formats.arrays.other_keys import counted_from_0, labels_note
from undertow.records.formats.arrays.scores import members
from undertow.records.formats.arrays.unnamed import UnnamedClasses, named_as_in
from undertow.records.formats.decoding.npz import MAGIC
from undertow.records.formats.members.join import PROBABILITY, Sheet
from undertow.records.formats.members.names import member_names, population_name
from undertow.records.formats.members.stack import to_records
from undertow.records.formats.predictions.classes import codes, positive_of
from undertow.records.formats.predictions.label_arrays import is_array, label_array
from undertow.records.formats.predictions.labels import label_names, with_labels
from undertow.records.formats.predictions.threshold import (
    conditions_of,
    cut_answers,
    negative_and_positive,
)
from undertow.records.opening import open_file
from undertow.records.order_by_answers import names_by_answers
from undertow.records.order_told import are_places, names_among
from undertow.records.reading import Reading
from undertow.records.records import MISSING, Records
from undertow.records.schema import Manifest, MemberEntry

NAME = "arrays"
ABOUT = "npz or npy with logits or probabilities (N, C) or (M, N, C), labels (N,), ids (N,)"
USES = ("labels",)


def sniff(path: Path) -> str | None:
    """An npz that holds one of the known arrays or nothing but arrays, or an npy."""
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
            held = archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        return None
    found = next((name for name in SCORES if f"{name}.npy" in held), None)
    if found is not None:
        return f"NumPy arrays (npz with {found})"
    # Under other names they are refused with what to type.
    return "NumPy arrays (npz)" if held and all(n.endswith(".npy") for n in held) else None


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population; leading axes and several files are members. Raises ``TableError``."""
    first, *others = [described(path) for path in paths]
    files = [first, *(in_order_of(first, other) for other in others)]
    notes: list[str] = []
    if reading.labels is None:
        notes += [note for file in files for note in file.notes]
    notes += [note_on(file.path) for file in files if file.told_by_answers]
    if first.ids is None:
        notes.append(f"{first.path}: has no ids, so rows are joined by their position.")
    examples, label_N, classes = _examples(files, reading, notes)
    scored = len(classes) == 2 and all(file.pred_MN is None for file in files)
    cut = None
    if scored and reading.threshold is not None:
        cut = negative_and_positive(str(first.path), classes, reading)
    answers = [
        derive(pred_N, proba_NC, label_N)
        for file in files
        for pred_N, proba_NC in _members(file, classes, cut, reading, notes)
    ]
    lost = max(int((a.pred_N == MISSING).sum()) for a in answers)
    if lost:
        notes.append(
            f"{first.path}: up to {lost} rows of a member are not finite and have no prediction."
        )
    named = zip(files, member_names(paths), strict=True)
    ids = [i for file, name in named for i in _member_ids(name, file.M)]
    positive, said = positive_of(classes, reading.positive)
    manifest = Manifest(
        name=reading.name or population_name(paths),
        task="classification" if positive is None else "binary",
        classes=classes,
        classes_from="observed" if first.classes is None and first.width is None else "declared",
        positive=positive,
        members=tuple(MemberEntry(id=i) for i in ids),
        conditions=conditions_of(reading, probable=True) if scored else {},
        notes=tuple(dict.fromkeys([*notes, *said])),
    )
    records = to_records(manifest, examples, label_N, answers, reading.inputs)
    return with_inputs(records, files) if reading.inputs else records


def _members(
    file: ArrayFile,
    classes: tuple[str, ...],
    cut: tuple[str, str] | None,
    reading: Reading,
    notes: list[str],
) -> Iterator[tuple[NDArray[np.int32], NDArray[Any] | None]]:
    """Every member's predictions and probabilities; of two classes, negative and positive, the
    predictions at the threshold that was asked for."""
    for pred_N, proba_NC in members(file, len(classes)):
        if cut is None or proba_NC is None:
            yield pred_N, proba_NC
            continue
        score = pl.Series(proba_NC[:, classes.index(cut[1])])
        said, note = cut_answers(str(file.path), PROBABILITY + cut[1], score, cut, reading)
        notes.append(note)
        yield codes(said, classes, str(file.path)), proba_NC


def _examples(
    files: list[ArrayFile], reading: Reading, notes: list[str]
) -> tuple[pl.DataFrame, NDArray[np.int32], tuple[str, ...]]:
    """Returns ids, labels as class indices, and the classes.

    Labels may come from a table of their own.
    """
    first = files[0]
    label_N = next((f.ordered(f.label_N) for f in files if f.label_N is not None), None)
    classes = first.classes or _named_classes(files, label_N, reading)
    others = pl.DataFrame(
        {"example_id": pl.Series(first.ids or [str(i) for i in range(first.N)], dtype=pl.String)}
    )
    if reading.labels is not None:
        sheet = Sheet("labels", str(first.path), others, numbered=first.ids is None)
        (sheet,) = with_labels([sheet], reading, notes)
        index = {name: c for c, name in enumerate(classes)}
        unknown = next((v for v in sheet.frame["label"].drop_nulls() if v not in index), None)
        if unknown is not None:
            label = sheet.frame["label"]
            raise _unknown_label(reading.labels, unknown, label, files, classes, label_N)
        label_N = np.array(
            [MISSING if v is None else index[v] for v in sheet.frame["label"]], dtype=np.int32
        )
        others = sheet.frame.drop("label")
    if label_N is None:
        known = {*SCORES, *SURE, *IDS, *CLASSES, *INPUTS}
        notes.append(f"{labels_note(first.path, known, first.N, len(classes))}.")
        label_N = np.full(first.N, MISSING, dtype=np.int32)
    if int(label_N.max(initial=0)) >= len(classes):
        raise _labels_beyond(files, label_N, len(classes))
    label = pl.Series("label", label_N).replace(MISSING, None)
    return (
        others.select("example_id", label, *(c for c in others.columns if c != "example_id")),
        label_N,
        classes,
    )


def _unknown_label(
    labels: Path,
    unknown: str,
    label: pl.Series,
    files: list[ArrayFile],
    classes: tuple[str, ...],
    number_N: NDArray[np.int32] | None,
) -> TableError:
    """``number_N`` are labels that stand in the file of arrays."""
    path = files[0].path
    said = f"{labels}: label {unknown[:60]!r} is none of the {len(classes)} classes of {path}"
    if files[0].classes is not None or not {*classes}.isdisjoint(label):
        if is_array(labels) and files[0].classes is not None and _are_numbers(label, len(classes)):
            return TableError(f"{said}; {named_as_in(labels, path, label)}")
        shown = f"{classes[0]!r} to {classes[-1]!r}"
        return TableError(f"{said}; write its labels as they are called there, {shown}")
    count = len(classes) if files[0].width is not None else max(len(classes), label.n_unique())
    number = pl.Series([MISSING] * len(label) if number_N is None else number_N, dtype=pl.Int32)
    known = number.replace(MISSING, None)
    by_row = _go_by_row(files[0], labels)
    names = names_among(label, known, count, by_row=by_row)
    if not names.told and not names.apart:
        answers = (answer_N for file in files for answer_N in file.answers())
        names = names_by_answers(label, answers, count, by_row=by_row) or names
    return UnnamedClasses.of(f"{said}, which are numbers", [file.path for file in files], names)


def _go_by_row(file: ArrayFile, labels: Path) -> bool:
    """Whether only their place says of which examples the labels of a file of their own are."""
    if file.ids is None or are_places(pl.Series(file.ids)):
        return True
    return is_array(labels) and label_array(labels).ids is None


def _are_numbers(label: pl.Series, count: int) -> bool:
    """Whether these are numbers of so many classes."""
    known = label.drop_nulls()
    return known.is_in([str(c) for c in range(count)]).all()


def _labels_beyond(files: list[ArrayFile], label_N: NDArray[np.int32], count: int) -> TableError:
    path = next((f.path for f in files if f.label_N is not None), files[0].path)
    said = (
        f"{path}: labels are {label_N.size} up to {label_N.max()}; expected {label_N.size} below "
        f"{count}"
    )
    if label_N.max() == count and not (label_N == 0).any():
        return TableError(f"{said}; if they count from 1, {counted_from_0(path, LABELS)}")
    return TableError(said)


def _named_classes(
    files: list[ArrayFile], label_N: NDArray[np.int32] | None, reading: Reading
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


def _member_ids(name: str, several: int) -> list[str]:
    return [name] if several == 1 else [f"{name[:110]}-m{m:02d}" for m in range(several)]
