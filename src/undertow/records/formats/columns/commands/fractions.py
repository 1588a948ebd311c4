"""How numbers on another scale become numbers from 0 to 1: per cent, logits, logarithms, points."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import polars as pl

from undertow.records.formats.columns.commands.new_table import columns_in, written
from undertow.records.formats.columns.commands.python_typed import (
    ROUNDED,
    all_typed,
    is_spelled,
    number_typed,
    text_typed,
)
from undertow.records.formats.columns.ends import Ends, ends_of
from undertow.records.formats.columns.other_scale import SCALE, WRITE
from undertow.records.grade_scale import TO_TYPE
from undertow.records.usual_names import says_how_likely, says_logarithm

LEAST_PER_CENT = 10
"""Numbers up to this may as well be grades, and no per cent."""
ENDS = "({x} - LOWEST) / (HIGHEST - LOWEST)"
"""For a scale of which a person knows the ends."""
HUNDREDTH = "{x} / 100"


def of_probabilities(
    path: Path, name: str, column: pl.Series, keys: tuple[str, ...], ends: Ends | None = None
) -> tuple[str, str]:
    """What to do with logarithms, with per cent, with other points, of which none is negative, or
    with logits: in words, and the command. ``ends`` as of grades."""
    low, high = ends or ends_of(column)
    scaled = partial(_command, path, name, column, keys)
    if says_logarithm(name) and (high <= 0 or low >= 0):
        sign = "" if high <= 0 else "-"
        return WRITE[1], scaled(f"({sign}{{x}}).exp()")
    if low >= 0 and LEAST_PER_CENT < high <= 100:
        way = (
            "if it is per cent, give the score above which it decides with --threshold NUMBER, or "
        )
        return f"{way}{SCALE}", scaled(HUNDREDTH)
    if low >= 0:
        graded = f"if it says how good an answer is, add {TO_TYPE}, the worst first; else "
        return f"{'' if says_how_likely(name) else graded}write the ends of the scale into ", (
            f"{scaled(ENDS)}, after which its middle decides, or "
            "give the score above which it decides with --threshold NUMBER"
        )
    return WRITE[0], scaled("1 / (1 + (-{x}).exp())")


def of_per_cent(
    path: Path, columns: Sequence[str], cells: pl.DataFrame, keys: Sequence[str]
) -> str:
    """How columns in per cent, with the sign or without, become fractions."""
    x = all_typed(columns, cells, columns_in(path, keys, cells))
    return written(path, f"({HUNDREDTH.replace('{x}', x)}){ROUNDED}", keys, "scaled")


def of_signs(path: Path, columns: Sequence[str], keys: Sequence[str]) -> str:
    """The same where only the cells with the sign are per cent."""
    names = ", ".join(map(text_typed, columns))
    x, sign = number_typed(names, plain=False), f'pl.col({names}).str.contains("%")'
    made = f"pl.when({sign}).then(({HUNDREDTH.replace('{x}', x)}){ROUNDED}).otherwise({x})"
    return written(path, made, keys, "scaled")


def of_shares(path: Path, columns: Sequence[str], cells: pl.DataFrame, keys: Sequence[str]) -> str:
    """How the columns of every row come to sum to 1: each divided by their sum."""
    x = all_typed(columns, cells, columns_in(path, keys, cells))
    return written(path, f"({x} / pl.sum_horizontal({x})){ROUNDED}", keys, "scaled")


def of_the_other(path: Path, name: str, column: pl.Series, other: str, keys: Sequence[str]) -> str:
    """How the probability of one of two classes becomes a column with that of the other."""
    x = number_typed(text_typed(name), plain=not is_spelled(column))
    made = f"(1 - {x}){ROUNDED}.alias({text_typed(other)})"
    return written(path, made, keys, "turned")


def _command(path: Path, name: str, column: pl.Series, keys: tuple[str, ...], made: str) -> str:
    """What writes the table anew with ``made`` of the column ``{x}``."""
    x = number_typed(text_typed(name), plain=not is_spelled(column))
    rounded = ROUNDED if made == HUNDREDTH else ""
    scaled = f"({made.replace('{x}', x)}){rounded}.alias({text_typed(name)})"
    return written(path, scaled, keys, "scaled")
