"""What a person types in Python for a string, and for the numbers in columns."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import takewhile

import polars as pl

MOST_NAMED, OURS = 8, "p_"
"""Columns up to which each is named, and how probabilities of classes are called."""
ROUNDED = ".round(12)"
"""Of what was divided or subtracted, because 1.1 / 100 is more than 0.011."""


def text_typed(value: str) -> str:
    """A string of Python in double quotes, as the shell has the single ones."""
    return json.dumps(value, ensure_ascii=False)


def number_typed(names: str, *, plain: bool) -> str:
    """What a person types for the numbers in columns."""
    read = "" if plain else '.str.replace("%", "").str.strip_chars().str.replace(",", ".")'
    return f"pl.col({names}){read}.cast(float)"


def is_spelled(column: pl.Series) -> bool:
    """Whether numbers have a sign for per cent or a comma, which polars does not read."""
    return column.dtype == pl.String and bool(column.str.contains("[%,]").any())


def all_typed(columns: Sequence[str], cells: pl.DataFrame, table: Sequence[str]) -> str:
    """What a person types for the numbers in all of the columns, which ``cells`` has: of many the
    beginning that only they have. ``table`` are all columns there are: a pattern takes those that
    fit, in their order."""
    begins = OURS if all(c.startswith(OURS) for c in columns) else common_beginning(columns)
    alike = [c for c in table if c.startswith(begins) and c != begins]
    short = len(columns) > MOST_NAMED and begins and alike == [*columns]
    named = [f"^{re.escape(begins)}.+$"] if short else columns
    plain = not any(map(is_spelled, cells.select(columns)))
    return number_typed(", ".join(map(text_typed, named)), plain=plain)


def common_beginning(names: Sequence[str]) -> str:
    """What all names begin with, letter by letter: they are no paths."""
    alike = takewhile(lambda signs: len({*signs}) == 1, zip(*names, strict=False))
    return "".join(signs[0] for signs in alike)
