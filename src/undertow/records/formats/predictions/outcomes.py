"""Makes numbers from 0, the worst, to 1, the best, of a column of outcomes: words, truth values,
numbers, and grades on the scale that a person told."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.cells import refuse_no_number, refuse_two_scales
from undertow.records.formats.columns.ends import ends_of, reach
from undertow.records.formats.columns.other_scale import OtherScale
from undertow.records.formats.columns.stated_scale import as_stated
from undertow.records.formats.columns.values import values_of, within_one
from undertow.records.formats.decoding.typed import number_of, typed
from undertow.records.grade_scale import (
    FRACTIONS,
    LETTERS_FIRST,
    READ,
    TO_TYPE,
    WORDS_FIRST,
    WORDS_IN_ORDER,
    WORST_FIRST,
    GradeScale,
    are_letters,
    are_open_words,
)
from undertow.records.reading import Reading

EMPTY = "the cell of an example without a grade is left empty"
DIGITS = 12
"""To which a grade is rounded: 1.1 / 100 is more than 0.011."""


def outcomes(
    path: Path, column: pl.Series, called: str, ids: pl.Series, reading: Reading
) -> pl.Series:
    """The outcomes as numbers. Raises ``TableError`` for what is none, for two scales, and for
    numbers that are not from 0 to 1 where nobody told their scale."""
    column = as_stated(path, column, called, ids, reading.scale)
    number = numbers(path, column, called, ids, reading.scale)
    refuse_two_scales(path, {called: column}, ids, reading.keys)
    if reading.scale is None:
        _refuse_other_scales(path, called, column, number)
        return number
    return _on_scale(path, called, column, number, ids, reading)


def numbers(
    path: Path, column: pl.Series, called: str, ids: pl.Series, scale: GradeScale | None = None
) -> pl.Series:
    """Numbers, truth values and the words of a scale; ``TableError`` for anything else."""
    if scale is not None and scale.words is not None:
        return _of_words(path, column, called, ids, scale)
    values = (
        typed(column.replace("", None), spelling=False) if column.dtype == pl.String else column
    )
    number = number_of(_graded(values))
    wrong = number.is_null() & values.is_not_null()
    if values.dtype.is_temporal():
        raise TableError(
            f"{path}: column {called!r} is {str(values[0])[:60]!r}; expected a number between 0 "
            "and 1, or true/false"
        )
    _refuse_words(path, values, called)
    write = "write a number from 0 to 1, or true or false"
    refuse_no_number(path, values, called, wrong, ids, write)
    return number


def _of_words(
    path: Path, column: pl.Series, called: str, ids: pl.Series, scale: GradeScale
) -> pl.Series:
    """The numbers of words, of which each is one that the person told."""
    words = column.cast(pl.String).replace("", None)
    known = {word: scale.number_of(word) for word in words.drop_nulls().unique()}
    number = words.replace_strict(known, default=None, return_dtype=pl.Float64)
    beyond = words.is_not_null() & number.is_null()
    if beyond.any():
        n = int(beyond.arg_max() or 0)
        raise TableError(
            f"{path}: column {called!r} is {words[n][:60]!r} for {str(ids[n])[:60]!r}, beyond "
            f"{scale.typed} ({int(beyond.sum()):,} of {words.count():,} rows); write "
            f"{_way_of(known)}"
        )
    return number.alias(column.name)


def _way_of(said: Collection[str]) -> str:
    """What to type for a scale of these words. No list of several is there to be copied, as most of
    its orders are wrong."""
    if are_letters(said) or len(said) == 2:
        return f"{TO_TYPE}: {LETTERS_FIRST if are_letters(said) else WORDS_FIRST}"
    return f"--scale with {WORDS_IN_ORDER}; {EMPTY}"


def _refuse_words(path: Path, values: pl.Series, called: str) -> None:
    """Refuses words, and letters, of which nothing says which are the better ones."""
    said = values_of(values) if values.dtype == pl.String else set[str]()
    apart = "and nothing says which of them is the better"
    if are_letters(said):
        held = f"letters, {min(said)!r} to {max(said)!r}, {apart}; add {TO_TYPE}"
    elif not are_open_words(said):
        return
    elif len(said) == 2:
        held = f"two words, {' and '.join(map(repr, sorted(said)))}, {apart}; add {TO_TYPE}"
    else:
        words = ", ".join(map(repr, sorted(said)))
        held = f"{len(said)} words, {words}, and nothing says their order; if they are grades, add "
        raise TableError(f"{path}: column {called!r} holds {held}{_way_of(said)}")
    which = LETTERS_FIRST if are_letters(said) else WORDS_FIRST
    raise TableError(f"{path}: column {called!r} holds {held}, which only you know: {which}")


def _graded(values: pl.Series) -> pl.Series:
    """Numbers for words, where all are words that people grade by."""
    if values.dtype != pl.String:
        return values
    words = values.str.strip_chars().str.to_lowercase()
    if not words.drop_nulls().is_in(list(READ)).all():
        return values
    return words.replace_strict(READ, default=None, return_dtype=pl.Float64)


def _on_scale(
    path: Path, called: str, column: pl.Series, number: pl.Series, ids: pl.Series, reading: Reading
) -> pl.Series:
    scale = reading.scale or FRACTIONS
    _refuse_signs(path, called, column, reading)
    known = number.cast(pl.Float64).fill_nan(None)
    beyond = ~known.is_between(scale.low, scale.high).fill_null(value=True)
    if beyond.any():
        n = int(beyond.arg_max() or 0)
        raise TableError(
            f"{path}: column {called!r} is {known[n]:g} for {str(ids[n])[:60]!r}, beyond "
            f"{scale.typed} ({int(beyond.sum()):,} of {known.count():,} rows); write the ends of "
            f"its scale, the worst first: the column {reach(known.drop_nulls())}"
        )
    graded = (known - scale.worst) / (scale.best - scale.worst)
    return (graded.round(DIGITS) + 0.0).alias(number.name)  # No zero is negative.


def _refuse_signs(path: Path, called: str, column: pl.Series, reading: Reading) -> None:
    """Refuses cells in per cent, which are read as fractions, on another scale than that."""
    scale = reading.scale or FRACTIONS
    signs = column.dtype == pl.String and column.str.contains("%", literal=True).any()
    if signs and not {scale.worst, scale.best} <= {0.0, 1.0}:
        raise TableError(
            f"{scale.typed}: cells of column {called!r} in {path} have the sign %, so they are "
            f"read from 0 to 1; write {TO_TYPE}, which is 0,1 where more is better and 1,0 where "
            "less is"
        )


def _refuse_other_scales(path: Path, called: str, column: pl.Series, number: pl.Series) -> None:
    known = number.fill_nan(None).drop_nulls()
    if within_one(known):
        return
    endless = known.filter(known.is_infinite())
    if len(endless):
        raise TableError(
            f"{path}: column {called!r} is {endless[0]:g} in {len(endless):,} of {len(known):,} "
            "rows; expected a number between 0 and 1, or an empty cell"
        )
    outside = int((~known.is_between(0, 1)).sum())
    raise OtherScale.of(
        f"{path}: column {called!r} {reach(known)} ({outside:,} of {len(known):,} are not between "
        "0 and 1); expected 0 for the worst answer and 1 for the best",
        f"column {called!r} in {path}",
        ends_of(column),
        _to_type,
    )


def _to_type(ends: tuple[float, float]) -> tuple[str, str]:
    """What to do in words; there is no command to copy, since nothing tells the ``ends`` of a
    scale, nor which of them is the best."""
    del ends
    return f"add {TO_TYPE} with the ends of its scale, which only you know: {WORST_FIRST}", ""
