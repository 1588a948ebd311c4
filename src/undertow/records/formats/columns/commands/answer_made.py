"""How one column with the answer, or with whether it is right, is made of others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.records.formats.columns.commands.new_table import mark, written
from undertow.records.formats.columns.commands.python_typed import (
    all_typed,
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
    names = ", ".join(map(text_typed, columns))
    if all(numbers_in(cells[c]) is None for c in columns):  # Truth values.
        x = f'(pl.col({names}).cast(str).str.to_lowercase() == "true")'
    else:
        x = all_typed(columns, cells)
    made = f"pl.concat_list({x}).list.arg_max().replace_strict(dict(enumerate({typed})))"
    dropped = f".select(pl.exclude({names}))"
    return written(path, f'{made}.alias("prediction"){mark(path, told)}', keys, "answers", dropped)


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
