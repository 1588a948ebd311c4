"""Finds columns that hold the probability of one class each by what they hold: names that are
values of the label, but for a beginning or an end that all share, and rows that sum to 1."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from undertow.records.formats.columns.cells import OFF_ONE
from undertow.records.formats.columns.values import (
    has_decimals,
    is_nested,
    numbers_in,
    values_of,
)
from undertow.records.formats.decoding.typed import number_of

MOST_CLASSES = 1000
"""Values of a column up to which they may be names of columns."""
AT_ONCE = 50
"""Rows in which runs of columns are looked for, before all are."""
Affix = tuple[str, str]


def called_as(frame: pl.DataFrame, said: Collection[str], *, most: float = 1) -> dict[str, str]:
    """The columns of numbers from 0 to ``most`` that are called as the classes ``said``, with the
    class of each; others of the same beginning and end are classes that nothing says. None where
    two sets of columns are called so."""
    if not said or len(said) > MOST_CLASSES:
        return {}
    able, found = _numbers_to(frame, most), list[dict[str, str]]()
    for before, after in _affixes(able, max(said, key=len)):
        wanted = {f"{before}{name}{after}" for name in said}
        alike = [c for c in able if _has(c, before, after)] if before or after else [*wanted]
        if wanted <= {*able} and len(alike) > 1:
            end = -len(after) or None
            found.append({c: c[len(before) : end] for c in able if c in alike})
    return found[0] if len(found) == 1 else {}


def classes_called(frame: pl.DataFrame, rest: Sequence[str]) -> dict[str, str]:
    """The same of a table whose label nobody named: some column of the ``rest`` has the words.
    They may be per cent."""
    for name in rest:
        column = frame[name]
        if is_nested(column) or column.n_unique() > MOST_CLASSES:
            continue
        for total in (1, 100):
            found = called_as(frame.drop(name), values_of(column), most=total)
            if found and sums_to_one(frame, [*found], total=total):
                return found
    return {}


def run_of_one(frame: pl.DataFrame, rest: Sequence[str]) -> list[str]:
    """The longest run of adjacent columns of the ``rest``, numbers from 0 to 1, that sum to 1 in
    every row."""
    able = {*_numbers_to(frame.select(rest), 1)}
    longest: list[str] = []
    for run in _adjacent([*rest], able):
        head = [number_of(frame[c].head(AT_ONCE)).cast(pl.Float64) for c in run]
        sums = np.cumsum([np.zeros(len(head[0])), *(h.to_numpy() for h in head)], axis=0)
        for first, last in _ends(sums, len(longest) + 1):
            if sums_to_one(frame, run[first:last]):
                longest = run[first:last]
                break
    return longest


def sums_to_one(frame: pl.DataFrame, columns: Sequence[str], *, total: float = 1) -> bool:
    """Whether they do in every row that has any, or to another ``total``, and are no marks of the
    right answer, 0 and 1."""
    numbers = pl.DataFrame([number_of(frame[c]) for c in columns])
    known = numbers.filter(~pl.all_horizontal(pl.all().is_null()))
    if not known.height or not any(has_decimals(column.drop_nulls()) for column in known):
        return False
    off = (known.sum_horizontal(ignore_nulls=False) / total - 1).abs()
    return bool((off <= OFF_ONE[0] + OFF_ONE[1] * len(columns)).fill_null(value=False).all())


def rows_of(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The numbers of each row as a list."""
    numbers = pl.DataFrame([number_of(frame[c]).alias(c) for c in columns])
    return numbers.select(pl.concat_list(pl.all())).to_series()


def share_likeliest(frame: pl.DataFrame, classes: dict[str, str], said: pl.Series) -> float:
    """The share of answers ``said`` that are the likeliest class."""
    at_N = rows_of(frame, [*classes]).list.arg_max()
    likely = pl.Series([*classes.values()]).gather(at_N.cast(pl.UInt32))
    return float((likely == said.cast(pl.String)).mean() or 0.0)  # type: ignore[arg-type]


def _numbers_to(frame: pl.DataFrame, most: float) -> list[str]:
    found = ((c.name, numbers_in(c)) for c in frame if c.null_count() < len(c))
    return [name for name, n in found if n is not None and n.is_between(0, most).all()]


def _affixes(columns: Sequence[str], name: str) -> Iterator[Affix]:
    """What stands before and after a name in the columns that have it; nothing at all first."""
    for column in sorted(columns, key=len):
        before, found, after = column.partition(name)
        if found:
            yield before, after


def _has(column: str, before: str, after: str) -> bool:
    long = len(column) > len(before) + len(after)
    return long and column.startswith(before) and column.endswith(after)


def _adjacent(columns: list[str], able: Collection[str]) -> Iterator[list[str]]:
    """The runs of able columns, of two and more."""
    gaps = [-1, *(n for n, c in enumerate(columns) if c not in able), len(columns)]
    for first, last in pairwise(gaps):
        if last - first > 2:
            yield columns[first + 1 : last]


def _ends(sums: np.ndarray, least: int) -> Iterator[tuple[int, int]]:
    """Where runs of at least so many columns begin and end that sum to 1 in the first rows, the
    longest first. ``sums`` are those up to each column, by row."""
    count = len(sums) - 1
    for width in range(count, max(least, 2) - 1, -1):
        off = np.abs(sums[width:] - sums[:-width] - 1).max(axis=1)
        for first in np.flatnonzero(off <= OFF_ONE[0] + OFF_ONE[1] * width):
            yield int(first), int(first) + width
