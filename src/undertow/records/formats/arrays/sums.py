"""Tells by the sums of rows whether scores are probabilities, and refuses what looks like them and
does not sum to 1: of logits the softmax is taken, and a softmax of probabilities is none of either.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.columns.cells import OFF_ONE, odd_rows
from undertow.records.formats.columns.cells import ROUNDING as PER_CENT_ROUNDING
from undertow.records.formats.columns.commands.python_typed import ROUNDED, text_typed
from undertow.records.formats.decoding.npz import BARE

NEARLY_ALL, NOISE, SHOWN = 0.9, 1e-5, 3
"""Share of the rows that look so, what rounding may leave below 0 and above 1, and how many numbers
of a row are shown."""
OF_ROWS = "sum(axis=-1, keepdims=True)"


def sum_to_one(proba_NC: NDArray[Any]) -> bool:
    """Whether all rows do, as far as rounding lets them."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool((proba_NC >= 0).all() and _near(proba_NC, 1, OFF_ONE))


def refuse_unlikely_logits(
    path: Path, key: str, scores_NC: NDArray[Any], row_N: NDArray[np.intp]
) -> None:
    """Raises ``TableError`` for finite scores of which nearly all rows look like probabilities, or
    like per cent, with what a person types for either reading. Logits are seldom all from 0 to 1,
    but for those of a model that knows nothing, whose rows are one number each. ``row_N`` are the
    numbers of the rows in their file."""
    if not scores_NC.size or (scores_NC == scores_NC[:, :1]).all():
        return
    in_one_N = np.asarray(((scores_NC >= -NOISE) & (scores_NC <= 1 + NOISE)).all(axis=1))
    if in_one_N.mean() >= NEARLY_ALL:
        said, made = "look like probabilities that do not sum to 1", f"{{p}} / {{p}}.{OF_ROWS}"
        odd_N = np.logical_not(in_one_N)
    elif (scores_NC >= 0).all() and _near(scores_NC, 100, PER_CENT_ROUNDING):
        said, made = "look like per cent", f"({{p}} / 100){ROUNDED}"
        odd_N = np.zeros(len(scores_NC), bool)
    else:
        return
    sum_N = scores_NC.sum(axis=1, dtype=np.float64)
    _refuse_odd_rows(path, scores_NC, odd_N, row_N)
    _refuse_odd_rows(path, scores_NC, odd_rows(sum_N, scores_NC.shape[1]), row_N)
    least, most = f"{sum_N.min():.4g}", f"{sum_N.max():.4g}"
    reach = least if least == most else f"{least} to {most}"
    raise TableError(
        f"{path}: its scores are from {scores_NC.min():.4g} to {scores_NC.max():.4g} and rows sum "
        f"to {reach}, so they {said}, and no softmax is taken; {_cure(path, key, made)}"
    )


def _refuse_odd_rows(
    path: Path, scores_NC: NDArray[Any], odd_N: NDArray[np.bool_], row_N: NDArray[np.intp]
) -> None:
    """Rows that are none among probabilities, as those of examples that a model failed on are."""
    rows = np.flatnonzero(odd_N)
    if rows.size:
        row = scores_NC[rows[0]]
        values = ", ".join(f"{value:.6g}" for value in row[:SHOWN]) + ", …" * (len(row) > SHOWN)
        total = (
            f", which sum to {row.sum(dtype=np.float64):.4g}"
            if ((row >= 0) & (row <= 1)).all()
            else ""
        )
        raise TableError(
            f"{path}: its scores look like probabilities, but for {rows.size:,} of "
            f"{len(row_N):,} rows (row {row_N[rows[0]]} has {values}{total}); write nan in "
            "the rows without an answer, or, if all are logits, save them in an npz with the key "
            "logits"
        )


def _cure(path: Path, key: str, made: str) -> str:
    """What is typed for an array in memory, or for the file of one."""
    if not path.is_file():
        return (
            f"if they are, give {made.format(p=path)}; if they are logits, give "
            f"scipy.special.softmax({path}, axis=-1)"
        )
    read, rest = f"p = numpy.load({text_typed(str(path))})", ""
    if key != BARE:
        read = f"f = dict(numpy.load({text_typed(str(path))})); p = f.pop({text_typed(key)})"
        rest = ", **f"
    likely = _saved(path, read, f"probs={made.format(p='p')}{rest}")
    logits = _saved(path, read, f"logits=p{rest}")
    return f"if they are, {likely}; if they are logits, {logits}"


def _saved(path: Path, read: str, arrays: str) -> str:
    name = arrays.partition("=")[0]
    to = path.with_name(f"{path.stem}-{name}.npz")
    code = f"import numpy; {read}; numpy.savez({text_typed(str(to))}, {arrays})"
    return f"python -c {shlex.quote(code)}, and give {shlex.quote(str(to))}"


def _near(scores_NC: NDArray[Any], whole: float, rounding: tuple[float, float]) -> bool:
    limit = rounding[0] + rounding[1] * scores_NC.shape[1]
    off_N = np.abs(scores_NC.sum(axis=1, dtype=np.float64) - whole)
    return bool((off_N <= limit).all())
