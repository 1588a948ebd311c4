"""Grades that say in each cell out of how much they are: ``7/10``, ``3 out of 5``, ``★★★☆☆``; and
those that are counted, ``4 stars`` and ``⭐⭐⭐``, which do not say it.

What is out of 10 is read from 0, the worst, to 10, the best, unless ``--scale`` has other ends.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.values import is_nested
from undertow.records.grade_scale import TO_TYPE, GradeScale

NUMBER = r"(\d+(?:[.,]\d+)?)"
UNIT = r"(?:stars?|sterne?n?|points?|punkte?n?|pts?|★|⭐)"
OUT_OF = rf"(?i)^{NUMBER}\s*(?:/|out of|of|von)\s*{NUMBER}\s*{UNIT}?$"
COUNTED = rf"(?i)^{NUMBER}\s*{UNIT}$"
FULL, HOLLOW = r"[★⭐]", r"[☆✩]"
DRAWN = rf"^{FULL}*{HOLLOW}*$"
STATED = "is read as the share of what its cells are out of"
"""Stands in the note, which is said before the audit too."""
DIGITS = 12


class Stated(NamedTuple):
    """Numbers, and out of how much each is, where the cells say so."""

    number: pl.Series
    out_of: pl.Series | None


def stated_in(column: pl.Series) -> Stated | None:
    """``None`` where some cell is written in another way."""
    if is_nested(column) or column.dtype != pl.String:
        return None
    text = column.str.replace_all("\ufe0f", "").str.strip_chars().replace("", None)
    known = text.drop_nulls()
    if not len(known):
        return None
    if known.str.contains(OUT_OF).all():
        return Stated(_number(text.str.extract(OUT_OF, 1)), _number(text.str.extract(OUT_OF, 2)))
    if known.str.contains(COUNTED).all():
        return Stated(_number(text.str.extract(COUNTED, 1)), None)
    if not known.str.contains(DRAWN).all():
        return None
    full = text.str.count_matches(FULL).cast(pl.Float64)
    every = text.str.len_chars().cast(pl.Float64)
    hollow = known.str.contains(HOLLOW).any() and every.drop_nulls().n_unique() == 1
    return Stated(full, every if hollow else None)


def as_stated(
    path: Path, column: pl.Series, called: str, ids: pl.Series, scale: GradeScale | None
) -> pl.Series:
    """Shares for such cells, or the numbers in them where a scale has their ends; a column that
    holds anything else as it is. Raises ``TableError`` for more than a cell is out of."""
    stated = None if scale is not None and scale.words is not None else stated_in(column)
    if stated is None:
        return column
    number, out_of = stated
    if out_of is None:
        return number.alias(column.name)
    beyond = ((number > out_of) | (out_of == 0)).fill_null(value=False)
    if beyond.any():
        n = int(beyond.arg_max() or 0)
        raise TableError(
            f"{path}: column {called!r} is {column[n][:60]!r} for {str(ids[n])[:60]!r}, more than "
            f"it is out of ({int(beyond.sum()):,} of {number.count():,} rows); correct the cell, "
            "or empty it: --missing wrong then counts it as wrong, and --allow-partial leaves its "
            "example out"
        )
    if scale is None or {scale.worst, scale.best} == {0.0, 1.0}:
        return (number / out_of).round(DIGITS).alias(column.name)
    odd = (out_of != scale.high).fill_null(value=False)
    if odd.any():
        n = int(odd.arg_max() or 0)
        raise TableError(
            f"{scale.typed}: column {called!r} in {path} is {column[n][:60]!r} for "
            f"{str(ids[n])[:60]!r}, out of {out_of[n]:g} and not {scale.high:g}; write {TO_TYPE}, "
            "which is 0,1 where more is better and 1,0 where less is, of the share"
        )
    return number.alias(column.name)


def stated_note(path: object, called: str, column: pl.Series) -> tuple[str, ...]:
    """Says how such cells are read."""
    stated = stated_in(column)
    if stated is None or stated.out_of is None:
        return ()
    n = int(stated.number.is_not_null().arg_max() or 0)
    share = float(stated.number[n] / stated.out_of[n])
    return (f"{path}: column {called!r} {STATED}, {str(column[n])[:60]!r} as {share:.4g}.",)


def _number(text: pl.Series) -> pl.Series:
    return text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
