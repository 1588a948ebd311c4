"""Finds the classes of a set of tables, their order, and which of two is the positive one."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.class_list import class_meant, order_classes
from undertow.records.formats.columns.values import positive_among
from undertow.records.formats.members.join import PROBABILITY, Sheet, probability_columns
from undertow.records.records import MISSING
from undertow.records.usual_names import flag_of

GUESSED = "the last of the two; no name says so"
"""Stands in the note on a positive class that nobody named, which is said before the audit too."""


def stated_classes(sheets: list[Sheet]) -> tuple[str, ...] | None:
    """Returns the classes of the ``p_<class>`` columns in the order of the first such table.

    ``None`` where no table has such columns.
    """
    holders = [s for s in sheets if probability_columns(s.frame)]
    if not holders:
        return None
    first = holders[0]
    names = probability_columns(first.frame)
    for other in holders[1:]:
        differing = sorted(set(names) ^ set(probability_columns(other.frame)))
        if differing:
            raise TableError(
                f"{first.source} and {other.source}: have different class sets: only one has the"
                f" column {differing[0]!r} ({len(differing)} such); write the same p_<class>"
                " columns to every file"
            )
    return tuple(name.removeprefix(PROBABILITY) for name in names)


def observed_classes(columns: list[pl.Series]) -> tuple[str, ...]:
    """Returns all values seen: in numeric order if all are whole numbers, else in text order."""
    seen = set().union(*(column.drop_nulls().unique().to_list() for column in columns))
    return order_classes(seen)


def positive_of(
    classes: tuple[str, ...], asked: str | None = None
) -> tuple[str | None, tuple[str, ...]]:
    """Returns the positive one of two classes, which is the one that was ``asked`` for, and a note
    where nothing says which it is."""
    if len(classes) != 2:
        return None, ()
    named = class_meant(asked, classes) or positive_among(classes)
    if named is not None:
        return named, ()
    return classes[-1], (f"positive class: {classes[-1]!r}, {GUESSED}",)


def _as_score(column: pl.Series, classes: tuple[str, ...]) -> str:
    """What to type where one column has the probability of one of two classes."""
    if len(classes) > 1 or classes[0] not in column or column.n_unique() != 2:
        return ""
    score = flag_of("score", PROBABILITY + classes[0])
    return f"if that of {classes[0]!r} decides between the two, add {score}; else "


def codes(column: pl.Series, classes: tuple[str, ...], source: str) -> NDArray[np.int32]:
    """Returns class indices, ``MISSING`` for null.

    Raises ``TableError`` for a value that is not one of the classes.
    """
    unknown = column.filter(~column.is_in(list(classes)) & column.is_not_null())
    if len(unknown):
        raise TableError(
            f"{source}: {column.name} {unknown[0]!r} is none of the {len(classes)} classes of the"
            f" p_<class> columns ({len(unknown)} such rows); {_as_score(column, classes)}add"
            f" p_{unknown[0]}, or rename columns that are not probabilities"
        )
    coded = column.replace_strict(
        list(classes), list(range(len(classes))), default=None, return_dtype=pl.Int32
    )
    return coded.fill_null(MISSING).to_numpy()
