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
from undertow.records.formats.columns.cells import OFF_ONE
from undertow.records.formats.columns.cells import ROUNDING as PER_CENT_ROUNDING
from undertow.records.formats.columns.scaling import ROUNDED, text_typed
from undertow.records.formats.decoding.npz import BARE

OF_ROWS = "sum(axis=-1, keepdims=True)"


def sum_to_one(proba_NC: NDArray[Any]) -> bool:
    """Whether all rows do, as far as rounding lets them."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool((proba_NC >= 0).all() and _near(proba_NC, 1, OFF_ONE))


def refuse_unlikely_logits(path: Path, key: str, scores_NC: NDArray[Any]) -> None:
    """Raises ``TableError`` for finite scores that look like probabilities, or like per cent, with
    what a person types for either reading. Logits are seldom all from 0 to 1, but for those of a
    model that knows nothing, whose rows are one number each."""
    if not scores_NC.size or (scores_NC == scores_NC[:, :1]).all() or not (scores_NC >= 0).all():
        return
    if _near(scores_NC, 100, PER_CENT_ROUNDING):
        said, made = "look like per cent", f"({{p}} / 100){ROUNDED}"
    elif float(scores_NC.max()) <= 1:
        said, made = "look like probabilities that do not sum to 1", f"{{p}} / {{p}}.{OF_ROWS}"
    else:
        return
    sum_N = scores_NC.sum(axis=1, dtype=np.float64)
    least, most = f"{sum_N.min():.4g}", f"{sum_N.max():.4g}"
    reach = least if least == most else f"{least} to {most}"
    raise TableError(
        f"{path}: its scores are from {scores_NC.min():.4g} to {scores_NC.max():.4g} and rows sum "
        f"to {reach}, so they {said}, and no softmax is taken; {_cure(path, key, made)}"
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
