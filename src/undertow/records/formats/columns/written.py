"""Finds what a model wrote, in a table of grades."""

from __future__ import annotations

import polars as pl

from undertow.records.formats.columns.values import numbers_in
from undertow.records.usual_names import ANSWER, flag_of, those_called

WROTE = "looks like what the model wrote: add"
"""Stands in the note on answers that go by another name, which is said before the audit too."""
WRITTEN = frozenset({"answer", "output"})
"""Columns of what a model wrote, as readers know them."""


def answer_meant(frame: pl.DataFrame) -> str | None:
    """The column of what a model wrote, in a table of grades that has none under a name that
    readers know; whole numbers and decimals are nothing that a model wrote."""
    if WRITTEN & set(frame.columns):
        return None
    names = those_called(ANSWER, frame.columns)
    return next(
        (name for name in names if frame[name].dtype == pl.String and _worded(frame[name])), None
    )


def answer_note(source: str, name: str) -> str:
    """Says that a column is probably what the model wrote, and how it becomes that."""
    return f"{source}: {name!r} {WROTE} {flag_of('answer', name)}"


def _worded(column: pl.Series) -> bool:
    return numbers_in(column) is None and column.null_count() < len(column)
