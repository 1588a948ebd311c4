"""One column as codes and readable names: the only place that decides how a value is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.slices.order import in_natural_order, numbers_in
from undertow.errors import UserError

MISSING_VALUE = "(missing)"

MOST_TEXTS = 200
"""Different texts beyond which a column is no slice but an identifier, a name or free text."""
MOST_NUMBERS = 20
"""Different fractional numbers beyond which they are cut into quartiles."""
MOST_WHOLE_NUMBERS = 50
"""Different whole numbers beyond which they are cut into quartiles: fewer may be codes, such as of
hospitals."""


@dataclass(frozen=True, eq=False)
class Coding:
    """``code_N`` indexes ``values``; a value may have no example. ``ordered`` where the values have
    an order of their own, which is theirs here."""

    values: tuple[str, ...]
    code_N: NDArray[np.integer[Any]]
    crossed: bool = False
    ordered: bool = False

    def counts(self) -> NDArray[np.int64]:
        """How many examples have each value."""
        return np.bincount(self.code_N, minlength=len(self.values)).astype(np.int64)


def code_column(column: pl.Series) -> Coding:
    """A column of any usable type; ``UserError`` naming the column where it cannot be a slice."""
    if column.dtype == pl.Boolean:
        return _coded(column.cast(pl.String), ("false", "true"))
    if column.dtype.is_decimal():
        column = column.cast(pl.Float64)
    if column.dtype.is_numeric():
        return _numbers(column)
    if isinstance(column.dtype, pl.Enum):
        return replace(
            _coded(column.cast(pl.String), tuple(column.dtype.categories.to_list())), ordered=True
        )
    if column.dtype.is_temporal():
        return replace(_texts(column.cast(pl.String)), ordered=True)
    if column.dtype in (pl.String, pl.Categorical, pl.Null):
        column = column.cast(pl.String)
        return _spelled_numbers(column) or _texts(column)
    raise UserError(
        f"column '{column.name}' holds {column.dtype}: a slice needs text, numbers, "
        "dates or true/false"
    )


def _texts(column: pl.Series) -> Coding:
    values = column.drop_nulls().unique().sort().to_list()
    n, different = len(column), len(values)
    if different > MOST_TEXTS or different > max(MOST_NUMBERS, n / 2):
        raise UserError(
            f"column '{column.name}' has {different:,} different values in {n:,} examples: a slice "
            f"needs at most {min(MOST_TEXTS, max(MOST_NUMBERS, n // 2))}; group its values in the "
            "table, or slice by another column"
        )
    found = in_natural_order(values)
    return replace(_coded(column, tuple(found or values)), ordered=found is not None)


def _spelled_numbers(column: pl.Series) -> Coding | None:
    """Numbers that came as text keep their spelling and stand in their own order; of one number in
    several spellings the longest stands for all. Many become quartiles, as numbers do. ``None``
    where some value is not a number."""
    values = column.drop_nulls().unique().to_list()
    numbers = numbers_in(values)
    if not numbers:
        return None
    if numbers.codes:
        listed = sorted(values, key=lambda value: (numbers.of[value], value))
        return (
            None
            if len(listed) > MOST_NUMBERS
            else replace(_coded(column, tuple(listed)), ordered=True)
        )
    if len(set(numbers.of.values())) > MOST_NUMBERS:
        return _numbers(column.cast(pl.Float64))
    spelled = {
        numbers.of[value]: value for value in sorted(values, key=lambda value: (len(value), value))
    }
    same = {value: spelled[numbers.of[value]] for value in values}
    column = column.replace_strict(same, default=None, return_dtype=pl.String)
    return replace(
        _coded(column, tuple(spelled[number] for number in sorted(spelled))), ordered=True
    )


def _coded(column: pl.Series, values: tuple[str, ...]) -> Coding:
    """Codes of a text column whose values are known; nulls are a value of their own, last."""
    if column.null_count():
        column = column.fill_null(MISSING_VALUE)
        values = (*(v for v in values if v != MISSING_VALUE), MISSING_VALUE)
    code_N = column.replace_strict(list(values), list(range(len(values))), return_dtype=pl.Int64)
    return Coding(values, np.asarray(code_N, dtype=np.int64))


def _numbers(column: pl.Series) -> Coding:
    """Numbers as they are where few differ, in quartiles where many do."""
    value_N = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    known_N = ~np.isnan(value_N)
    different = np.unique(value_N[known_N])
    if different.size > (MOST_WHOLE_NUMBERS if column.dtype.is_integer() else MOST_NUMBERS):
        edges = _quartiles(value_N[known_N])
        names, code_N = _bin_names(edges), np.searchsorted(edges, value_N, side="left")
    else:
        names, code_N = _number_names(different), np.searchsorted(different, value_N)
    if known_N.all():
        return Coding(names, code_N, ordered=True)
    return Coding((*names, MISSING_VALUE), np.where(known_N, code_N, len(names)), ordered=True)


def _quartiles(value_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quartiles that leave something above them, at least one; fewer than three where many
    share a value."""
    below_N = value_N[value_N < value_N.max()]
    quartiles = np.quantile(value_N, [0.25, 0.5, 0.75], method="lower")
    return np.unique(np.minimum(quartiles, below_N.max()))


def _bin_names(edges: NDArray[np.float64]) -> tuple[str, ...]:
    """Bins are open below and closed above."""
    text = _number_names(edges)
    inner = (f"above {low} to {high}" for low, high in pairwise(text))
    return (f"up to {text[0]}", *inner, f"above {text[-1]}")


def _number_names(numbers: NDArray[np.float64]) -> tuple[str, ...]:
    """As few digits as keep the numbers apart, and at least six significant ones."""
    for digits in (6, 9, 17):
        names = tuple(f"{number:.{digits}g}" for number in numbers.tolist())
        if len(set(names)) == len(names):
            break
    return names
