"""What to type where no array of a file is called as predictions are."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from undertow.errors import TableError
from undertow.records.formats.columns.scaling import text_typed
from undertow.records.formats.decoding.npz import Stored, array_names, stored_arrays

KNOWN_AS = "predictions"
"""A name under which whole numbers are classes, and of scores the rows tell what they are."""
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
    to = path.with_name(f"{path.stem}-{KNOWN_AS}.npz")
    code = (
        f"import numpy; f = dict(numpy.load({text_typed(str(path))})); "
        f"f[{text_typed(KNOWN_AS)}] = f.pop({text_typed(found)}); "
        f"numpy.savez({text_typed(str(to))}, **f)"
    )
    return TableError(
        f"{said}; if {found!r} has the predictions, probabilities or logits, "
        f"python -c {shlex.quote(code)}, and give {shlex.quote(str(to))}"
    )


def one_number(path: Path, key: str, probable: bool) -> TableError:
    """That a column for each class is wanted; of two classes it is made of the one that is
    there."""
    said = f"{path}: {key} is one number an example; expected (N, C), a column per class"
    if not probable:
        return TableError(said)
    to = path.with_name(f"{path.stem}-two.npz")
    code = (
        f"import numpy; f = dict(numpy.load({text_typed(str(path))})); "
        f"p = f[{text_typed(key)}]; f[{text_typed(key)}] = numpy.stack([1 - p, p], axis=1); "
        f"numpy.savez({text_typed(str(to))}, **f)"
    )
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
