"""Tells by the values that files share which columns can name their examples: times, and numbers of
requests, are another in each file, and joined by them no example would be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from undertow.records.formats.columns.values import FEWEST_NAMES, is_nested, names_rows

FEWEST = 0.1
"""Share of the values of the smaller file that the other has too, below which a column names no
examples."""
LESS_THAN_BEST = 0.5
"""The same as a part of what another column has that tells rows apart."""


class Shared(NamedTuple):
    """Columns that name no examples of both files, and texts that each have once, all of them."""

    apart: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


def shared(frame: pl.DataFrame, others: Sequence[pl.DataFrame]) -> Shared:
    """What the other files tell of the columns of the first."""
    shares = {
        column.name: min(each)
        for column in frame
        if (each := [_share(column, other) for other in others if column.name in other.columns])
    }
    best = max((s for name, s in shares.items() if names_rows(frame[name])), default=0.0)
    least = max(FEWEST, LESS_THAN_BEST * best)
    texts = (c for c in frame if c.dtype == pl.String and shares.get(c.name) == 1.0)
    return Shared(
        frozenset(name for name, share in shares.items() if share < least),
        frozenset(c.name for c in texts if not c.null_count() and not c.is_duplicated().any()),
    )


def _share(column: pl.Series, other: pl.DataFrame) -> float:
    """The share of the different values of the smaller that both have; 1 of few values, which name
    nothing, and of what cannot be compared."""
    theirs = other[column.name]
    if is_nested(column) or is_nested(theirs):
        return 1.0
    one, two = (c.drop_nulls().cast(pl.String).unique() for c in (column, theirs))
    fewer = min(len(one), len(two))
    return int(one.is_in(two.implode()).sum()) / fewer if fewer >= FEWEST_NAMES else 1.0
