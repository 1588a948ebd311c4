"""Makes slices of the fields of documents: single values by name, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import polars as pl

from undertow.records.formats.decoding.values import fingerprint
from undertow.records.formats.logs.clusters import CLUSTERS, shared_text, unasked
from undertow.records.formats.logs.log import PER_MEMBER
from undertow.records.formats.members.join import PROBABILITY
from undertow.records.reading import Reading
from undertow.records.schema import NOT_SLICES

MOST_COLUMNS = 200
"""Fields of a document that can become slices. Where there are more, the first are kept."""
MOST_VALUES = 200
LONGEST_VALUE = 80
LARGEST_WHOLE = 2**53
TAKEN = PER_MEMBER | NOT_SLICES | {"task", "member", "prediction"}
"""Names that mean something else in a log."""
PREFIX = "doc_"
FINGERPRINT = "^#[0-9a-f]{16}$"
"""What is kept of a long text that only tells which examples share it."""


def slice_worthy(column: pl.Series) -> bool:
    """Tells whether a column can be a slice: numbers, truth values, or few short texts."""
    if column.dtype == pl.Boolean or column.dtype.is_numeric():
        return True
    if column.dtype != pl.String or column.null_count() == len(column):
        return False
    longest = column.str.len_chars().max()
    short = isinstance(longest, int) and longest <= LONGEST_VALUE
    return short and column.n_unique() <= MOST_VALUES


def free_name(name: str) -> str:
    """Puts ``doc_`` before the name of a field by which a log means something else."""
    taken = name in TAKEN or name.startswith((PROBABILITY, "_"))
    return f"{PREFIX}{name}" if taken else name


def with_metadata(
    frame: pl.DataFrame, rows: Sequence[Mapping[str, Any]], reading: Reading, task: str
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Adds the metadata of a task's rows: slices, and clusters where a field means shared text.

    The second value is a note about the clusters.
    """
    columns = _columns(rows, reading, taken=frame.columns)
    frame, found = sliced(frame.with_columns(columns), [c.name for c in columns], reading, task)
    return frame, () if found is None else (f"{task}: {unasked(found)}",)


def sliced(
    frame: pl.DataFrame, names: Sequence[str], reading: Reading, task: str
) -> tuple[pl.DataFrame, str | None]:
    """Keeps those of the named fields that can be slices, and adds clusters.

    The second value is the field that clusters were taken from without being asked for.
    """
    found = None if reading.cluster is not None else shared_text(frame, names, task)
    frame = _worthy(frame, names, reading)
    return (frame, None) if found is None else (frame.with_columns(found[0]), found[1])


def _worthy(frame: pl.DataFrame, names: Sequence[str], reading: Reading) -> pl.DataFrame:
    """Drops fields that cannot be slices, and makes whole floats whole numbers."""
    dropped, changed = [], []
    for name in names:
        column = frame[name]
        if column.dtype == pl.Float64:
            whole = column.fill_nan(None).cast(pl.Int64, strict=False)
            same = whole.cast(pl.Float64).equals(column.fill_nan(None), null_equal=True)
            changed += [whole] if same else []
        kept = slice_worthy(column) and (column.dtype != pl.String or _shows_groups(column))
        if not kept and name != reading.cluster:
            dropped.append(name)
    return frame.with_columns(changed).drop(dropped)


def _shows_groups(column: pl.Series) -> bool:
    """Tells whether some texts are equal, and none is a fingerprint that tells a person nothing."""
    groups = column.n_unique() < max(len(column), 2)
    return groups and not column.str.contains(FINGERPRINT).any()


def _columns(
    rows: Sequence[Mapping[str, Any]], reading: Reading, taken: Sequence[str]
) -> list[pl.Series]:
    names = dict.fromkeys(key for row in rows for key in row)
    made: dict[str, pl.Series] = {}
    for key in list(names)[:MOST_COLUMNS]:
        column = _column(key, [row.get(key) for row in rows], reading)
        name = free_name(key)
        if column is not None and name not in made and name not in taken:
            made[name] = column.alias(name)
    return list(made.values())


def _column(key: str, values: list[Any], reading: Reading) -> pl.Series | None:
    """Makes a column of a field of single values.

    Long texts become fingerprints where they tell which examples share them. Others are left out.
    """
    known = [v for v in values if v is not None]
    if not known or not all(isinstance(v, str | int | float) for v in known):
        return None
    if all(isinstance(v, bool) for v in known):
        return pl.Series(values, dtype=pl.Boolean)
    if all(isinstance(v, int | float) and abs(v) < LARGEST_WHOLE for v in known):
        return pl.Series([None if v is None else float(v) for v in values], dtype=pl.Float64)
    texts = [_text(v) for v in values]
    if key == reading.cluster or key in CLUSTERS:
        texts = [marked(v) for v in texts]
    elif any(len(v) > LONGEST_VALUE for v in texts if v is not None):
        return None
    return pl.Series(texts, dtype=pl.String)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)[:LONGEST_VALUE]


def marked(text: str | None) -> str | None:
    """Returns a fingerprint in place of a long text."""
    return text if text is None or len(text) <= LONGEST_VALUE else _mark(text)


@lru_cache(maxsize=4096)
def _mark(text: str) -> str:
    """Makes the fingerprint, once for each text: examples that share one follow each other."""
    return f"#{fingerprint(text)}"
