"""From where to where the numbers of a column reach."""

from __future__ import annotations

import polars as pl

from undertow.records.formats.columns.values import numbers_in

Ends = tuple[float, float]
"""The lowest and the highest number."""


def ends_of(column: pl.Series) -> Ends:
    """Of the numbers in a column, as it was typed or read."""
    number = column.fill_nan(None) if column.dtype.is_float() else numbers_in(column)
    assert number is not None  # Or it would have been refused before.
    low, high = float(number.min()), float(number.max())  # type: ignore[arg-type]
    return low + 0.0, high + 0.0  # No zero is negative.


def reach(column: pl.Series) -> str:
    """``reaches from 1 to 5``."""
    low, high = ends_of(column)
    return f"reaches from {low:g} to {high:g}"
