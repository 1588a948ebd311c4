"""Tells by both sides of a comparison what a column can be: right answers are the same on both,
and what a model made of an example is not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from undertow.records.formats.columns.shared import Shared
from undertow.records.formats.columns.values import is_nested

MOST = 4
"""Files that are looked at."""


class Between(NamedTuple):
    """Columns that are the same in every row of all files, and columns that differ in some."""

    same: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    names: Shared = Shared()
    """Which columns can name the examples."""

    @property
    def tells(self) -> bool:
        """Whether the rows of two files could be set beside each other."""
        return bool(self.same or self.apart)


ONE_FILE = Between()
"""Where nothing is known but one file."""


def between(frame: pl.DataFrame, others: Iterable[pl.DataFrame], key: str | None) -> Between:
    """What the other files tell of the columns of the first, by the column that names examples."""
    if key is None or frame[key].is_duplicated().any():
        return ONE_FILE
    same, apart = {*frame.columns} - {key}, set[str]()
    seen = False
    for other in [*others][:MOST]:
        if key not in other.columns or other[key].is_duplicated().any():
            continue
        mine, theirs = _alike(frame, other, key)
        seen |= bool(mine.height)
        differ = {c.name for c in mine if c.ne_missing(theirs[c.name]).any()}
        apart |= differ
        same &= {*mine.columns} - differ
    return Between(frozenset(same), frozenset(apart)) if seen else ONE_FILE


def _alike(frame: pl.DataFrame, other: pl.DataFrame, key: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of both in one order, as text, of the columns of single values that both have."""
    both = [c.name for c in frame if c.name in other.columns and not is_nested(c)]
    both = [name for name in both if not is_nested(other[name])]
    if key not in both:
        return pl.DataFrame(), pl.DataFrame()
    mine, theirs = (table.select(pl.col(both).cast(pl.String)) for table in (frame, other))
    keys = pl.DataFrame({key: mine[key]})
    found = keys.join(theirs, on=key, how="inner", maintain_order="left")
    mine = found.select(key).join(mine, on=key, how="left", maintain_order="left")
    return mine.drop(key), found.select(mine.columns).drop(key)
