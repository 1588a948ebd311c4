"""How one column with the answer, or with whether it is right, is made of others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.records.formats.columns.commands.new_table import columns_in, mark, written
from undertow.records.formats.columns.commands.python_typed import (
    all_typed,
    common_beginning,
    is_spelled,
    number_typed,
    text_typed,
)
from undertow.records.formats.columns.values import numbers_in


def by_largest(
    path: Path,
    columns: Sequence[str],
    cells: pl.DataFrame,
    typed: str,
    keys: Sequence[str],
    *,
    told: bool,
) -> str:
    """How the column of the largest number becomes the answer, in place of all; ``typed`` are the
    classes of the columns as Python has them, ``told`` whether by answers."""
    every = columns_in(path, keys, cells)
    answer = f"{_place(columns, columns, cells, every)}.replace_strict(dict(enumerate({typed})))"
    dropped = f".select(pl.exclude({', '.join(map(text_typed, columns))}))"
    made = f'{answer}.alias("prediction"){mark(path, told)}'
    return written(path, made, keys, "answers", dropped)


def by_largest_both(
    path: Path,
    predictions: Sequence[str],
    labels: Sequence[str],
    cells: pl.DataFrame,
    typed: str,
    keys: Sequence[str],
) -> str:
    """The same with right answers that are a 1 among zeros, which become the label."""
    every = columns_in(path, keys, cells)
    short = [_pattern(columns, every) for columns in (predictions, labels)]
    said, right = (
        _place(columns, names, cells, every)
        for columns, names in zip((predictions, labels), short, strict=True)
    )
    made = f'{said}.alias("prediction"), {right}.alias("label")'
    named = f'pl.col("prediction", "label").replace_strict(dict(enumerate({typed})))'
    dropped = f"pl.exclude({', '.join(map(text_typed, [*short[0], *short[1]]))})"
    return written(path, made, keys, "answers", f".with_columns({named}).select({dropped})")


def _place(
    columns: Sequence[str], named: Sequence[str], cells: pl.DataFrame, table: Sequence[str]
) -> str:
    """What a person types for the place of the largest number in each row, of columns that are
    ``named`` one by one or by a pattern; ``table`` are all there are."""
    names = ", ".join(map(text_typed, named))
    if all(numbers_in(cells[c]) is None for c in columns):  # Truth values.
        x = f'(pl.col({names}).cast(str).str.to_lowercase() == "true")'
    elif columns != named:
        x = number_typed(names, plain=not any(map(is_spelled, cells.select(columns))))
    else:
        x = all_typed(columns, cells, table)
    return f"pl.concat_list({x}).list.arg_max()"


def _pattern(columns: Sequence[str], table: Sequence[str]) -> list[str]:
    """One pattern for polars where these alone begin so and are in this order, as two lists of
    names in the commands for two files are longer than a message; else the names."""
    begin = common_beginning(columns)
    named = [c for c in (*table, "prediction", "label") if c.startswith(begin)]
    return [f"^{re.escape(begin)}.*$"] if begin and named == [*columns] else [*columns]


def in_words(
    path: Path, name: str, column: pl.Series, words: tuple[str, str], keys: Sequence[str]
) -> str:
    """How a column of 0 and 1, or 0 % and 100 %, becomes a column ``prediction`` of two words."""
    no, yes = (f"pl.lit({text_typed(word)})" for word in words)
    x = number_typed(text_typed(name), plain=not is_spelled(column))
    made = f"pl.when({x} > 0).then({yes}).when({x} == 0).then({no})"
    return written(path, f'{made}.alias("prediction")', keys, "answers")


def nearness(path: Path, columns: tuple[str, str], near: float, keys: tuple[str, ...]) -> str:
    """A column ``correct`` that is 1 where the first of two columns is off the second by at most
    ``near``; a column that readers know as predictions would go before it."""
    one, other = (f"pl.col({text_typed(name)}).cast(float)" for name in columns)
    made = f"(({one} - {other}).abs() <= {near:g}).cast(int)"
    after = '.rename({"prediction": "predicted_number"})' if "prediction" in columns else ""
    return written(path, f'{made}.alias("correct")', keys, "graded", after)
