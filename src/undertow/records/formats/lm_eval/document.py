"""Makes columns of the documents' fields, each of the type that the first rows showed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.formats.lm_eval.fields import INSIDE, DocColumn
from undertow.records.formats.lm_eval.rows import Row
from undertow.records.formats.lm_eval.rows import column as values_at
from undertow.records.formats.logs.slices import free_name, marked

_NUMBER = frozenset({int, float, type(None)})


def doc_series(rows: Sequence[Row], columns: Sequence[DocColumn]) -> list[pl.Series]:
    """Returns the kept fields of a block: truth values, numbers as floats, or texts."""
    made: dict[str, pl.Series] = {}
    for column in columns:
        if column.in_metadata:
            inside = values_at(rows, f"doc.{INSIDE}")
            raw = [i.get(column.name) if type(i) is dict else None for i in inside]
        else:
            raw = values_at(rows, f"doc.{column.at}")
        name = free_name(column.name)
        made[name if name not in made else f"metadata.{column.name}"] = _typed(raw, column)
    return [series.alias(name) for name, series in made.items()]


def _typed(raw: list[Any], column: DocColumn) -> pl.Series:
    if column.kind == "flag":
        return pl.Series([v if type(v) is bool else None for v in raw], dtype=pl.Boolean)
    if column.kind == "number":
        return pl.Series(_numbers(raw), dtype=pl.Float64).fill_nan(None)
    texts = [v if type(v) is str or v is None else _scalar(v) for v in raw]
    if column.hashed:
        texts = [marked(v) for v in texts]
    return pl.Series(texts, dtype=pl.String)


def _numbers(raw: list[Any]) -> NDArray[np.float64]:
    if _NUMBER.issuperset(map(type, raw)):
        with suppress(OverflowError):
            number_N = np.array(raw, dtype=np.float64)
            if not (np.abs(number_N) >= 2**53).any():
                return number_N
    return np.array([_float(v) for v in raw], dtype=np.float64)


def _float(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int and abs(value) < 2**53:
        return float(value)
    return float("nan")


def _scalar(value: Any) -> str | None:
    return str(value) if isinstance(value, int | float) else None
