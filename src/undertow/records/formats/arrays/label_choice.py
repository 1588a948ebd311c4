"""Which array of a file has the right answers: one that is called so and nothing else, or one that
may be and fits. What nobody asked for refuses no file."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.arrays.other_keys import counted_from_0, renamed
from undertow.records.formats.decoding.npz import stored_arrays
from undertow.records.formats.predictions.label_arrays import CALLED

SURE = CALLED[:7]
"""Names of nothing else; others may be boxes, masks or flags, and are labels where they fit."""
TAKEN = "is taken for the right answers"
"""Stands in the note on labels that may be others, which is said before the audit too."""


class Expected(NamedTuple):
    """``N`` labels of ``C`` classes, as many as there are columns; ``None`` where nothing says how
    many. ``classes`` are their names, if the file has some."""

    N: int
    C: int | None
    classes: Collection[str]


class Chosen(NamedTuple):
    """``others`` are arrays that might be it too."""

    name: str
    values: NDArray[Any]
    others: dict[str, NDArray[Any]]


def chosen(path: Path, names: Collection[str], expected: Expected) -> Chosen | None:
    """The labels among the arrays of these names. Raises ``TableError`` where one that is surely
    meant cannot be read."""
    called = [name for name in CALLED if name in names]
    sure = next((name for name in called if name in SURE), None)
    fitting = {name: _fitting(path, name, expected) for name in called if name != sure}
    able = {name: values for name, values in fitting.items() if values is not None}
    if sure is not None:
        stored = stored_arrays(path, frozenset([sure]))[sure]
        return Chosen(sure, stored.whole().reshape(-1), able)
    if not able:
        return None
    first, *_ = able
    return Chosen(first, able.pop(first), able)


def choice_notes(
    path: Path,
    found: Chosen,
    expected: Expected,
    codes: Callable[[NDArray[Any]], NDArray[np.int32]],
) -> list[str]:
    """Says which array was taken where another differs, and how numbers were where they may count
    from 1. ``codes`` makes class indices of labels."""
    label_N = codes(found.values)
    notes = []
    for name, values in found.others.items():
        many = int((codes(values) != label_N).sum()) if label_N.shape == values.shape else 0
        if many:
            notes.append(
                f"{path}: {found.name!r} {TAKEN}, and {name!r} differs from it in {many:,} of "
                f"{expected.N:,} examples; if {name!r} is that, {renamed(path, name, 'labels')}."
            )
    C, numbered = expected.C or 0, found.values.dtype.kind not in "US"
    if C > 2 and numbered and set(label_N[label_N >= 0].tolist()) == set(range(1, C)):
        notes.append(
            f"{path}: {found.name!r} {TAKEN}, as numbers from 0 though none is 0; if they count "
            f"from 1, {counted_from_0(path, [found.name])}."
        )
    return notes


def _fitting(path: Path, name: str, expected: Expected) -> NDArray[Any] | None:
    """The array where it has a class for each example, or none for some."""
    try:
        stored = stored_arrays(path, frozenset([name]))[name]
        if stored.shape != (expected.N,) or stored.dtype.kind not in "biufUS":
            return None
        values = stored.whole()
    except TableError:
        return None
    return values if _fits(values, expected) else None


def _fits(values: NDArray[Any], expected: Expected) -> bool:
    if values.dtype.kind in "US":
        texts = {
            v.decode("utf-8", "replace") if isinstance(v, bytes) else v
            for v in set(values.tolist())
        }
        return bool(texts - {""}) and texts <= {*expected.classes, ""}
    if values.dtype.kind == "b":
        return expected.C == 2
    whole = values.dtype.kind in "iu" or bool((values == np.round(values)).all())
    if not whole or not np.isfinite(values).all():
        return False
    low, high = values.min(), values.max()
    flags = values.dtype.kind == "f" and high <= 1 and expected.C != 2 and low >= 0
    return bool(0 <= high < (expected.C or np.inf)) and not flags
