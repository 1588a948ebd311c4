"""Predictions, probabilities and labels in arrays, as columns of a table.

predictions      (N,), or (M, N) for M members: whole numbers, truth values or text
probabilities    (N, C), or (M, N, C): rows that sum to 1; of other floats, logits, the softmax;
                 what looks like probabilities and does not sum to 1 is refused
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.records.formats.arrays.scores import probabilities_of
from undertow.records.formats.members.join import PROBABILITY
from undertow.report.wording import line

SCALARS = (int, float, np.generic, type(None))


def is_array(value: object) -> bool:
    """Whether this is an array, a single column, or a plain list of numbers."""
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(v, SCALARS) for v in value)
    return hasattr(value, "__array__")


def members_of(
    called: str, value: Any, classes: Sequence[str], threshold: float | None = None
) -> list[pl.DataFrame]:
    """The answers of each member: a column ``prediction``, or ``p_<class>`` columns. ``threshold``
    is the one that was asked for."""
    if _is_column(value):
        return [_predictions(called, value, classes, threshold)]
    values = _array(called, value)
    if values.ndim > 3 or values.size == 0:
        raise UserError(f"{called}: is an array of shape {values.shape}; {_want()}")
    if values.dtype.kind == "f" and values.ndim > 1:
        scores_MNC = values[None] if values.ndim == 2 else values
        return _scored(called, scores_MNC, classes)
    if values.ndim > 2:
        raise UserError(f"{called}: is {values.dtype} of shape {values.shape}; {_want()}")
    rows = np.atleast_2d(values)
    return [_predictions(called, values_N, classes, threshold) for values_N in rows]


def column_of(
    called: str, value: Any, classes: Sequence[str], threshold: float | None = None
) -> pl.Series:
    """One class for each example, by name where ``classes`` names them."""
    column = _column(called, value)
    if column.dtype.is_float():
        fractions = column.filter(column.is_finite() & (column % 1 != 0))
        if len(fractions):
            cut = 0.5 if threshold is None else threshold
            leave = "" if threshold is None else " and leave --threshold out"
            raise UserError(
                f"{called}: holds {fractions[0]:g}, which is no class; give classes, such as "
                f"{called} > {cut:.15g}{leave}, or the probabilities of every class, of shape "
                "(examples, classes); of grades give a frame with a column score"
            )
    return named_classes(called, column, classes)


def named_classes(called: str, column: pl.Series, classes: Sequence[str]) -> pl.Series:
    """Names for numbers; a negative number means none."""
    if not classes or not column.dtype.is_numeric():
        return column
    number = column.fill_nan(None) if column.dtype.is_float() else column
    outside = number.drop_nulls().filter(number.drop_nulls() >= len(classes))
    if len(outside):
        raise UserError(
            f"{called}: holds class {outside[0]:g}, and classes names {len(classes)}, 0 to "
            f"{len(classes) - 1}; name all of them"
        )
    names = [None if v is None or v < 0 else classes[int(v)] for v in number.to_list()]
    return pl.Series(column.name, names, dtype=pl.String)


def _scored(called: str, scores_MNC: NDArray[Any], classes: Sequence[str]) -> list[pl.DataFrame]:
    width = scores_MNC.shape[2]
    if width == 1:
        raise UserError(
            f"{called}: has one column; give one per class, of two classes both, such as all that "
            "predict_proba returns"
        )
    names = [str(c).lower() if isinstance(c, bool) else str(c) for c in classes or range(width)]
    if len(names) != width or len(set(names)) < width:
        raise UserError(
            f"classes: names {len(names)} ({len(set(names))} different), and {called} has {width} "
            "columns; give a name for each"
        )
    probabilities = (probabilities_of(Path(called), called, s, None)[0] for s in scores_MNC)
    return [pl.DataFrame(p, schema=[PROBABILITY + name for name in names]) for p in probabilities]


def _predictions(
    called: str, value: Any, classes: Sequence[str], threshold: float | None
) -> pl.DataFrame:
    return pl.DataFrame([column_of(called, value, classes, threshold).alias("prediction")])


def _is_column(value: object) -> bool:
    """A column of polars, pandas or pyarrow, which says what is missing better than an array."""
    return hasattr(value, "__arrow_c_stream__")


def names_in(value: Any) -> list[str] | None:
    """What a column of pandas calls its examples, as text: a name that is missing is like any
    other. ``None`` for anything else."""
    listed = getattr(getattr(value, "index", None), "tolist", None)
    return list(map(str, listed())) if _is_column(value) and listed is not None else None


def _column(called: str, value: Any) -> pl.Series:
    if _is_column(value):
        try:
            return pl.Series(value)
        except Exception:  # Such as no pyarrow beside pandas.
            value = getattr(value, "tolist", lambda: value)()
    values = _array(called, value)
    if values.ndim != 1:
        raise UserError(f"{called}: has shape {values.shape}; expected one value for each example")
    return _texts(values) if values.dtype.kind in "OSU" else pl.Series(values)


def _array(called: str, value: Any) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except Exception as problem:  # Tensors on a GPU or with a gradient, lists of unequal lengths.
        raise UserError(
            f"{called}: this {type(value).__name__} does not become an array "
            f"({line(str(problem), 160)}); give a NumPy array"
        ) from problem


def _texts(values: NDArray[Any]) -> pl.Series:
    """What stands for nothing in pandas is nothing here."""
    said = [_text(value) for value in values.tolist()]
    # A lone surrogate is text to NumPy and not to anything after it.
    clean = [None if t is None else t.encode("utf-8", "replace").decode() for t in said]
    return pl.Series(clean, dtype=pl.String)


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if not isinstance(value, str) and str(value) in ("None", "nan", "<NA>", "NaT"):
        return None
    return str(value)


def _want() -> str:
    return (
        "expected predictions of shape (examples,) or (members, examples), or probabilities "
        "of shape "
        "(examples, classes) or (members, examples, classes)"
    )
