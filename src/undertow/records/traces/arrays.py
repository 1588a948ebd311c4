"""Reads a trace from an npz of a person's own: logits or probabilities of each epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.decoding.npz import Stored, are_code_points, stored_arrays
from undertow.records.traces.array_labels import labels_of
from undertow.records.traces.formula import Values, values_of
from undertow.records.traces.scores import (
    each_of,
    refuse_no_numbers,
    refuse_no_probabilities,
    refuse_other_probabilities,
    refuse_probabilities_as_logits,
    unseen_said,
)
from undertow.records.traces.trace import Trace, refuse_blank_twins, values_from

SCORES, LABELS, IDS, CLASSES = ("logits", "probabilities"), "labels", "ids", "classes"
LEAST = 1e-8
"""What a probability of 0 counts as in a logarithm."""
WANTED = (
    "expected logits or probabilities (members, epochs, examples, classes) or (epochs, examples, "
    "classes), labels (examples,), and where wanted ids (examples,) and classes (names)"
)


def read_arrays(path: Path) -> Trace:
    """``TableError`` where the arrays are not those of a trace; nothing is unpickled."""
    arrays = stored_arrays(path, frozenset((*SCORES, LABELS, IDS, CLASSES)))
    name = next((each for each in SCORES if each in arrays), None)
    if name is None or LABELS not in arrays:
        lacking = "logits or probabilities" if name is None else LABELS
        has = f"it has {', '.join(arrays)}" if arrays else "it has none of their names"
        raise TableError(f"{path}: has no {lacking}, {has}; {WANTED}")
    scores_MENC = _scores(path, arrays[name])
    if name == SCORES[0]:
        refuse_probabilities_as_logits(path, scores_MENC)
    if name != SCORES[1] and SCORES[1] in arrays:
        refuse_other_probabilities(path, scores_MENC, _scores(path, arrays[SCORES[1]]))
    M, E, N, C = scores_MENC.shape
    label_N = labels_of(path, arrays[LABELS], arrays[name], C)
    example_id_N = _ids(path, arrays.get(IDS), N)
    members = [[_looked(name, scores_MENC[m, e], label_N) for e in range(E)] for m in range(M)]
    values = values_from(
        "trace", example_id_N, label_N, members, tuple(range(1, E + 1)), f"{name} of an npz"
    )
    return Trace(
        values=values,
        classes=_names(path, arrays.get(CLASSES), C),
        known_wrong_N=np.zeros(N, dtype=np.bool_),
        columns=pl.DataFrame({"example_id": example_id_N}),
        about=f"{name} of each epoch in an npz",
        notices=_unseen(scores_MENC),
    )


def _unseen(scores_MENC: NDArray[Any]) -> tuple[str, ...]:
    none = sum(int(np.isnan(scores_NC).all(axis=1).sum()) for scores_NC in each_of(scores_MENC))
    return unseen_said(none, int(np.prod(scores_MENC.shape[:3])))


def _looked(name: str, scores_NC: NDArray[Any], label_N: NDArray[np.int32]) -> Values:
    scores = scores_NC.astype(np.float64)
    if name == "probabilities":
        scores = np.log(np.maximum(scores, LEAST))
    return values_of(scores, label_N)


def _scores(path: Path, stored: Stored) -> NDArray[Any]:
    shape = stored.shape
    if stored.dtype.kind not in "fiu" or len(shape) not in (3, 4) or 0 in shape or shape[-1] < 2:
        raise TableError(f"{path}: {stored.name} is {stored.dtype} of shape {shape}; {WANTED}")
    whole = stored.whole()
    scores_MENC = whole if whole.ndim == 4 else whole[None]
    refuse_no_numbers(path, stored.name, scores_MENC)
    if stored.name == SCORES[1]:
        refuse_no_probabilities(path, scores_MENC)
    return scores_MENC


def _ids(path: Path, stored: Stored | None, examples: int) -> pl.Series:
    """Without any, the rows' numbers, counted from 0."""
    if stored is None:
        return pl.Series("example_id", [str(row) for row in range(examples)], dtype=pl.String)
    ids = _texts(path, stored)
    if len(ids) != examples:
        raise TableError(f"{path}: has {len(ids):,} ids and {examples:,} examples; give one each")
    found = pl.Series("example_id", ids, dtype=pl.String)
    blank = next((row for row, each in enumerate(ids) if not each.strip()), None)
    if blank is not None:
        raise TableError(
            f"{path}: the id of example {blank:,}, counted from 0, is {ids[blank]!r}; give each "
            "example its own"
        )
    twice = found.filter(found.is_duplicated())
    if len(twice):
        raise TableError(f"{path}: the id {twice[0]!r} stands twice; give each example its own")
    refuse_blank_twins(path, ids)
    return found


def _names(path: Path, stored: Stored | None, classes: int) -> tuple[str, ...]:
    names = list(map(str, range(classes))) if stored is None else _texts(path, stored)
    if len(names) != classes:
        raise TableError(
            f"{path}: names {len(names):,} classes, and scores have {classes:,}; name each column"
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TableError(f"{path}: two classes are called {twice!r}; give each its own name")
    return tuple(names)


def _texts(path: Path, stored: Stored) -> list[str]:
    values = stored.whole()
    if values.ndim != 1 or values.dtype.kind not in "SUiu":
        raise TableError(
            f"{path}: {stored.name} is {stored.dtype} of shape {stored.shape}; expected one text "
            "or whole number each"
        )
    if values.dtype.kind == "U" and not are_code_points(values):
        raise TableError(f"{path}: {stored.name} holds what is no text; save it again")
    if values.dtype.kind == "S":
        return [value.decode("utf-8", "replace") for value in values.tolist()]
    return [str(value) for value in values.tolist()]
