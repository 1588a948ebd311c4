"""Fields of the documents as slices, and what tells that examples are not independent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.formats._assemble import CLUSTERS
from undertow.records.formats._columns import PROBABILITY
from undertow.records.formats._lm_eval_layout import INSIDE, DocColumn
from undertow.records.formats._lm_eval_rows import Row
from undertow.records.formats._lm_eval_rows import column as values_at
from undertow.records.formats._log import LONGEST_VALUE, PER_MEMBER, slice_worthy
from undertow.records.reading import Reading
from undertow.records.schema import NOT_SLICES

TAKEN = PER_MEMBER | NOT_SLICES | {"task", "member", "prediction"}
"""Names that mean something else in a log."""
PREFIX = "doc_"
FINGERPRINT = "^#[0-9a-f]{16}$"
"""What is kept of a long text that tells which examples share it."""
_NUMBER = frozenset({int, float, type(None)})


def doc_series(rows: Sequence[Row], columns: Sequence[DocColumn]) -> list[pl.Series]:
    """The documents' kept fields over a block: truth values, numbers as floats, or texts."""
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


def free_name(name: str) -> str:
    """The field's name, or the same with ``doc_`` before it where a log means something else by it."""
    return f"{PREFIX}{name}" if name in TAKEN or name.startswith((PROBABILITY, "_")) else name


def slices(frame: pl.DataFrame, names: Sequence[str], reading: Reading) -> pl.DataFrame:
    """The frame with those fields that can be slices: whole numbers as such, texts of which some are equal."""
    dropped, changed = [], []
    for name in names:
        column = frame[name]
        whole = column.fill_nan(None).cast(pl.Int64, strict=False) if column.dtype == pl.Float64 else column
        if column.dtype == pl.Float64 and whole.cast(pl.Float64).equals(column.fill_nan(None), null_equal=True):
            changed.append(whole)
        kept = slice_worthy(column) and (column.dtype != pl.String or _shows_groups(column))
        if not kept and name != reading.cluster:
            dropped.append(name)
    return frame.with_columns(changed).drop(dropped)


def _shows_groups(column: pl.Series) -> bool:
    """Whether some texts are equal, and none is only a fingerprint, which tells a person nothing."""
    return column.n_unique() < max(len(column), 2) and not column.str.contains(FINGERPRINT).any()


def cluster(frame: pl.DataFrame, names: Sequence[str], task: str) -> tuple[pl.Series, str] | None:
    """Which examples of a task share a text, by the field that plainly says so, and the field's name."""
    for name in CLUSTERS:
        if name not in names or not frame[name].drop_nulls().is_duplicated().any():
            continue
        shared = task + "/" + frame[name].cast(pl.String)
        return shared.fill_null(frame["example_id"]).alias("cluster"), name
    return None


def _typed(raw: list[Any], column: DocColumn) -> pl.Series:
    if column.kind == "flag":
        return pl.Series([v if type(v) is bool else None for v in raw], dtype=pl.Boolean)
    if column.kind == "number":
        return pl.Series(_numbers(raw), dtype=pl.Float64).fill_nan(None)
    texts = [v if type(v) is str or v is None else _scalar(v) for v in raw]
    if column.hashed:
        texts = [v if v is None or len(v) <= LONGEST_VALUE else _fingerprint(v) for v in texts]
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


@lru_cache(maxsize=4096)
def _fingerprint(text: str) -> str:
    return "#" + hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
