"""Reads the predictions and probabilities of each member, one member at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.arrays.files import LOGITS, PROBABILITIES, ArrayFile
from undertow.records.formats.arrays.sums import refuse_unlikely_logits, sum_to_one
from undertow.records.records import MISSING


def members(
    file: ArrayFile, classes: int
) -> Iterator[tuple[NDArray[np.int32], NDArray[Any] | None]]:
    """Yields every member's predictions, and probabilities where there are scores."""
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
        proba_NC, logits = probabilities_of(file.path, key, file.ordered(scores_NC), logits)
        missing_N = np.isnan(proba_NC[:, 0])
        yield np.where(missing_N, MISSING, proba_NC.argmax(axis=1)).astype(np.int32), proba_NC


def probabilities_of(
    path: Path, key: str, scores_NC: NDArray[Any], logits: bool | None
) -> tuple[NDArray[Any], bool | None]:
    """Returns the softmax of logits, or probabilities as they are; NaN in rows that are not finite.

    ``logits`` is ``None`` while nothing says which of them the scores are; the first member with
    finite rows does. Numbers that are neither, such as probabilities of which some digits are
    gone, are refused. Of two classes a threshold may cut the probability, so it keeps the precision
    that it came in; of more it has 32 bits.
    """
    kept = _kept(scores_NC)
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # What float32 cannot hold is not finite, so no prediction.
        out = scores_NC.astype(np.promote_types(kept, np.float32))
    bad_N = ~np.isfinite(out).all(axis=1)
    finite_NC = out[~bad_N] if bad_N.any() else out
    sums = sum_to_one(finite_NC)
    if logits is not True and not sums:
        refuse_unlikely_logits(path, key, finite_NC, np.flatnonzero(~bad_N))
    if logits is None and not bad_N.all():
        logits = not sums
    if logits is False and not sums:
        raise TableError(
            f"{path}: rows of {key} are no probabilities that sum to 1; name them logits if they "
            "are scores"
        )
    if not logits:
        out = out.astype(kept, copy=False)
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


def _kept(scores_NC: NDArray[Any]) -> np.dtype[Any]:
    """The type that probabilities keep."""
    two = scores_NC.shape[1] == 2 and scores_NC.dtype.kind == "f"
    size = min(scores_NC.dtype.itemsize, 8) if two else 4
    return np.dtype(f"f{size}")
