"""Reads the probabilities of one member's sheet and checks that they are probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.members.join import PROBABILITY, Sheet, probability_columns


def probabilities(
    sheet: Sheet,
    classes: tuple[str, ...],
    positive: str | None,
    pred_N: NDArray[np.int32],
    notes: list[str],
) -> NDArray[Any] | None:
    """Returns (N, C) from ``p_<class>`` or, for two classes, from ``score``, else ``None``."""
    if probability_columns(sheet.frame):
        proba_NC = sheet.frame.select([PROBABILITY + c for c in classes]).to_numpy()
        check_range(sheet, proba_NC)
        _check_sums(sheet, proba_NC)
        _compare_with_prediction(sheet, proba_NC, pred_N, notes)
        return proba_NC
    if "score" not in sheet.frame.columns:
        return None
    if positive is None:
        notes.append(
            f"column 'score' is not used: it is read for two classes, here are {len(classes)}"
        )
        return None
    score_N = sheet.frame["score"].cast(pl.Float64).to_numpy()
    check_range(sheet, score_N[:, None])
    proba_NC = np.stack([1 - score_N, score_N], axis=1)
    proba_NC = proba_NC if classes[1] == positive else proba_NC[:, ::-1]
    _compare_with_prediction(sheet, proba_NC, pred_N, notes)
    return proba_NC


def check_range(sheet: Sheet, proba_NC: NDArray[Any]) -> None:
    wrong_N = ~((proba_NC >= 0) & (proba_NC <= 1)).all(axis=1) & ~np.isnan(proba_NC).all(axis=1)
    if wrong_N.any():
        n = int(wrong_N.argmax())
        value = float(next(v for v in proba_NC[n] if not 0 <= v <= 1))
        raise TableError(
            f"{sheet.source}: a probability of example {sheet.frame['example_id'][n]!r} is"
            f" {value:g} ({int(wrong_N.sum())} such examples); expected numbers between 0 and "
            "1, not"
            " logits or per cent"
        )


def _check_sums(sheet: Sheet, proba_NC: NDArray[Any]) -> None:
    """Refuses rows that do not sum to 1, up to rounding to three digits in every column."""
    off_N = np.abs(proba_NC.sum(axis=1, dtype=np.float64) - 1)
    limit = 0.01 + 0.0005 * proba_NC.shape[1]
    if (off_N > limit).any():
        n = int((off_N > limit).argmax())
        raise TableError(
            f"{sheet.source}: the p_<class> columns of example {sheet.frame['example_id'][n]!r} sum"
            f" to {float(proba_NC[n].sum()):.4g} ({int((off_N > limit).sum())} such "
            "examples); expected"
            " the probabilities of all classes, summing to 1 (a column that is none needs another "
            "name)"
        )


def _compare_with_prediction(
    sheet: Sheet, proba_NC: NDArray[Any], pred_N: NDArray[np.int32], notes: list[str]
) -> None:
    """Notes predictions that are not the likeliest class.

    They may be meant (a threshold), or the columns may be mixed up.
    """
    given_N = proba_NC[np.arange(pred_N.size), pred_N]
    other = int((given_N < proba_NC.max(axis=1)).sum())
    if other:
        notes.append(
            f"{sheet.source}: in {other} of {pred_N.size} rows the prediction is not the likeliest "
            "class"
        )
