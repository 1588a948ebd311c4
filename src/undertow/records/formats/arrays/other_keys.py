"""What to type where no array of a file is called as predictions are."""

from __future__ import annotations

import re
import shlex
import zipfile
from collections.abc import Collection
from pathlib import Path

import numpy as np

from undertow.errors import TableError
from undertow.records.formats.columns.commands.python_typed import text_typed
from undertow.records.formats.decoding.npz import Stored, array_names, stored_arrays
from undertow.records.formats.predictions.label_saving import saved_anew
from undertow.records.records import MISSING

KNOWN_AS = "predictions"
"""A name under which whole numbers are classes, and of scores the rows tell what they are."""
NO_LABELS = "has no array of right answers;"
"""Stands in the note on an array that may be that, which is said before the audit too."""
_SAYS = re.compile("label|gold|tru|target|answer|gt|ground|class|actual|expected", re.IGNORECASE)
MOST = 24
"""Names that are listed."""


def other_keys(path: Path, expected: Collection[str], others: Collection[str]) -> TableError:
    """That none of the ``expected`` names is there, and how the likeliest array is renamed; those
    of the names ``others`` are none."""
    names = array_names(path)
    held = ", ".join(names[:MOST]) + ", …" * (len(names) > MOST) or "nothing"
    said = f"{path}: holds {held}; expected one of {', '.join(expected)}"
    found = _likeliest(path, [name for name in names if name not in others])
    if found is None:
        return TableError(said)
    return TableError(
        f"{said}; if {found!r} has the predictions, probabilities or logits, "
        f"{renamed(path, found, KNOWN_AS)}"
    )


def labels_note(path: Path, others: Collection[str], N: int, C: int) -> str:
    """A note that a file has no labels, and how an array that may be the right answers is renamed;
    those of the names ``others`` are none."""
    apart = "give them in a file of their own with --labels FILE"
    if not zipfile.is_zipfile(path):
        return f"{path}: {NO_LABELS} {apart}"
    names = [name for name in array_names(path) if name not in others]
    able = [name for name in names if _may_be_labels(path, name, N, C)]
    found = next((name for name in able if _SAYS.search(name)), next(iter(able), None))
    if found is None:
        return f"{path}: {NO_LABELS} save one that is called labels, or {apart}"
    return f"{path}: {NO_LABELS} if {found!r} is that, {renamed(path, found, 'labels')}"


def counted_from_0(path: Path, called: Collection[str]) -> str:
    """How labels that count from 1 are saved as those of classes from 0; they are ``called`` one of
    these names."""
    names = array_names(path)
    key = text_typed(next(name for name in called if name in names))
    to = path.with_name(f"{path.stem}-labels.npz")
    code = (
        f"import numpy; f = dict(numpy.load({text_typed(str(path))})); f[{key}] = f[{key}] - 1; "
        f"{saved_anew(path, to)}"
    )
    return f"python -c {shlex.quote(code)}, and give {shlex.quote(str(to))}"


def renamed(path: Path, found: str, name: str) -> str:
    """How an array is saved under another name."""
    to = path.with_name(f"{path.stem}-{name}.npz")
    code = (
        f"import numpy; f = dict(numpy.load({text_typed(str(path))})); "
        f"f[{text_typed(name)}] = f.pop({text_typed(found)}); "
        f"{saved_anew(path, to, gone=found)}"
    )
    return f"python -c {shlex.quote(code)}, and give {shlex.quote(str(to))}"


def _may_be_labels(path: Path, name: str, N: int, C: int) -> bool:
    """Whether it has a class for each example: one of the numbers of ``C`` classes, or a name."""
    try:
        array = stored_arrays(path, frozenset([name]))[name]
        if array.shape != (N,) or array.dtype.kind not in "iuUS":
            return False
        values = np.unique(array.whole())
    except TableError:  # Nobody asked for it, so nothing is wrong with the file.
        return False
    in_range = array.dtype.kind in "US" or (values[0] >= MISSING and values[-1] < C)
    return bool(in_range and 1 < len(values) <= C + 1)


def one_number(path: Path, key: str, probable: bool) -> TableError:
    """That a column for each class is wanted; of two classes it is made of the one that is
    there."""
    said = f"{path}: {key} is one number an example; expected (N, C), a column per class"
    if not probable:
        return TableError(said)
    to = path.with_name(f"{path.stem}-two.npz")
    code = (
        f"p = f[{text_typed(key)}]; f[{text_typed(key)}] = numpy.stack([1 - p, p], axis=1); "
        f"{saved_anew(path, to)}"
        if zipfile.is_zipfile(path)
        else f"numpy.savez({text_typed(str(to))}, probs=numpy.stack([1 - f, f], axis=1))"
    )
    load = f"numpy.load({text_typed(str(path))})"
    load = f"dict({load})" if zipfile.is_zipfile(path) else load
    code = f"import numpy; f = {load}; {code}"
    return TableError(
        f"{said}; if it is the probability of class 1 of 0 and 1, python -c {shlex.quote(code)}, "
        f"and give {shlex.quote(str(to))}"
    )


def _likeliest(path: Path, names: list[str]) -> str | None:
    """The first with a column for each class, else the first with a number for each example."""
    try:
        arrays = stored_arrays(path, frozenset(names))
    except TableError:
        return None
    able = [arrays[name] for name in names if _may_be(arrays[name])]
    found = next((a for a in able if len(a.shape) > 1), next(iter(able), None))
    return None if found is None else found.name


def _may_be(array: Stored) -> bool:
    wide = array.dtype.kind in "fiu" and len(array.shape) in (2, 3) and array.shape[-1] > 1
    return wide or (array.dtype.kind in "iu" and len(array.shape) == 1)
