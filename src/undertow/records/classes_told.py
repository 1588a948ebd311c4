"""The mark on a file whose names of classes stand in an order that its own answers told.

Such an order makes as many answers right as any, so answers that really are exchanged are no longer
seen: whoever reads a number has to know it.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from undertow.records.records import Records

MARK, BY_ANSWERS = "classes_told_by", "answers"
"""An array of a file, or a column of a table, and what it holds."""
TOLD = "the names of its classes stand in the order in which its own answers fit the labels best"
"""Stands in the note on such a file."""
HIDDEN = (
    "so answers that were exchanged would not show: check that order against model.classes_ or "
    "config.id2label."
)


def note_on(path: object) -> str:
    """What a record keeps of a file with the mark."""
    return f"{path}: {TOLD}, {HIDDEN}"


def says_answers(values: pl.Series) -> bool:
    """Whether a column that is called as the mark is says so."""
    return bool((values.cast(pl.String, strict=False) == BY_ANSWERS).any())


def told_by_answers(*sides: Records) -> Iterator[str]:
    """A sentence on each side that was read from such a file."""
    for side in sides:
        if any(TOLD in note for note in side.manifest.notes):
            yield (
                f"The classes of {side.name!r} are named in the order in which its own answers fit "
                f"the labels best, {HIDDEN}"
            )
