"""Refuses cells of a column of numbers that are none, or are on another scale than the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.columns.commands.fractions import of_per_cent, of_shares, of_signs
from undertow.records.formats.columns.other_scale import FRACTIONS, OtherScale
from undertow.records.formats.columns.values import within_one
from undertow.records.formats.decoding.typed import number_of

LONGEST = 60
ROUNDING = 1.0, 0.05
"""By which per cent of a row may miss 100: in all, and for each class."""
OFF_ONE = 0.01, 0.0005
"""By which the probabilities of a row may miss 1."""
FEW, FAR = 0.1, 3
"""Share of rows up to which those that miss 1 are odd ones, where one does by so many times what
rounding may: to divide them by their sum would make answers up."""


def refuse_no_number(
    path: Path, column: pl.Series, called: str, wrong: pl.Series, ids: pl.Series, write: str
) -> None:
    """Raises ``TableError`` where some cell is ``wrong``, as ``n/a`` and ``<1%`` are. ``write`` is
    what to write in its place."""
    if not wrong.any():
        return
    rows = f"{int(wrong.sum()):,} of {len(wrong):,} rows"
    raise TableError(
        f"{path}: column {called!r} has {_cell(column, wrong, ids)}, which is no number ({rows}); "
        f"{write}, or empty the cell: --missing wrong then counts it as wrong, and --allow-partial "
        "leaves its example out"
    )


def refuse_two_scales(
    path: Path, columns: Mapping[str, pl.Series], ids: pl.Series, keys: Sequence[str]
) -> None:
    """Raises ``TableError`` for columns of numbers, by what their owner calls them, in which some
    are per cent by their sign, and others have none. Nothing is 0 on either scale."""
    mixed = {called: two for called, c in columns.items() if (two := _two_scales(c)) is not None}
    if not mixed:
        return
    called, (signed, bare) = next(iter(mixed.items()))
    beside = [name for name, c in columns.items() if name in mixed or _is_beyond_one(c)]
    cells = pl.DataFrame([columns[name].alias(name) for name in beside])
    command = of_per_cent(path, beside, cells, keys)
    fractions = not any(_is_beyond_one(columns[name].filter(b)) for name, (_, b) in mixed.items())
    signs = f"; if only those with % are, {of_signs(path, [*mixed], keys)}" * fractions
    raise TableError(
        f"{path}: column {called!r} has {_cell(columns[called], signed, ids)} and "
        f"{_cell(columns[called], bare, ids)} ({int(signed.sum()):,} cells with % and "
        f"{int(bare.sum()):,} without), which are two scales; if all are per cent, write them "
        f"as fractions: {command}{signs}; else write all of them in one way"
    )


def _is_beyond_one(column: pl.Series) -> bool:
    """Whether some number without the sign is no fraction."""
    text = column.cast(pl.String).str.strip_chars_end()
    return bool((number_of(column).set(text.str.ends_with("%"), None) > 1).any())


def _two_scales(column: pl.Series) -> tuple[pl.Series, pl.Series] | None:
    """Which cells have the sign and which have none, where some number has either."""
    if column.dtype != pl.String or not column.str.contains("%", literal=True).any():
        return None
    number = number_of(column)
    there = number.is_not_null() & number.is_not_nan() & (number != 0)
    sign = column.str.strip_chars_end().str.ends_with("%")
    signed, bare = (there & sign).fill_null(value=False), (there & ~sign).fill_null(value=False)
    return (signed, bare) if signed.any() and bare.any() else None


def refuse_per_cent(
    path: Path, cells: pl.DataFrame, number: pl.DataFrame, keys: Sequence[str]
) -> None:
    """Raises ``TableError`` for the columns of all classes where they are per cent, with the cells
    as they stand in the table."""
    if number.width < 2 or not number.select(pl.max_horizontal(pl.all().max()) > 1).item():
        return
    known = number.filter(~pl.any_horizontal(pl.all().is_null()))
    off = (known.cast(pl.Float64).sum_horizontal() - 100).abs()
    if known.height and (off <= ROUNDING[0] + ROUNDING[1] * number.width).all():
        first, second, *more = number.columns
        named = f"{first!r}, {second!r} and the like" if more else f"{first!r} and {second!r}"
        way = FRACTIONS, of_per_cent(path, number.columns, cells, keys)
        raise OtherScale.of(
            f"{path}: {named} sum to 100 in every row, so they are per cent; expected "
            "probabilities from 0 to 1, and a threshold of 20 % as --threshold 0.2",
            f"column {first!r} in {path}",
            (0.0, 100.0),
            lambda _: way,
        )


def refuse_other_sums(
    path: Path, cells: pl.DataFrame, number: pl.DataFrame, ids: pl.Series, keys: Sequence[str]
) -> None:
    """Raises ``TableError`` where the columns of all classes do not sum to 1, up to rounding."""
    if not number.width or not all(within_one(column.drop_nulls()) for column in number):
        return  # That they are no probabilities is said elsewhere.
    total = number.sum_horizontal(ignore_nulls=False)
    off = ((total - 1).abs() > OFF_ONE[0] + OFF_ONE[1] * number.width).fill_null(value=False)
    wrong = int(off.sum())
    if not wrong:
        return
    n = int(off.to_numpy().argmax())
    first, last = number.columns[0], number.columns[-1]
    named = f"{first!r} to {last!r}" if number.width > 2 else f"{first!r} and {last!r}"
    if odd_rows(total.drop_nulls().to_numpy(), number.width).any():
        n = int((total - 1).abs().arg_max() or 0)
        raise TableError(
            f"{path}: {named} of example {str(ids[n])[:LONGEST]!r} sum to {total[n]:.4g}, and in "
            f"{wrong:,} of {len(total):,} rows not to 1, as no rounding explains; correct these "
            "rows, or empty their cells: --missing wrong then counts them as wrong, and "
            "--allow-partial leaves their examples out; if one column is no probability of a "
            "class, give it another name"
        )
    raise TableError(
        f"{path}: {named} of example {str(ids[n])[:LONGEST]!r} sum to {total[n]:.4g}, and in "
        f"{wrong:,} of {len(total):,} rows not to 1; if they are the probabilities of all classes, "
        f"rounded, divide each by their sum: {of_shares(path, number.columns, cells, keys)}; if "
        "one is no probability of a class, give it another name"
    )


def odd_rows(sum_N: NDArray[np.floating[Any]], classes: int) -> NDArray[np.bool_]:
    """The few rows that do not sum to 1, where some miss it by far more than rounding does."""
    off_N = np.abs(sum_N - 1) / (OFF_ONE[0] + OFF_ONE[1] * classes)
    odd_N: NDArray[np.bool_] = off_N > 1
    return odd_N & bool(odd_N.mean() <= FEW and off_N.max(initial=0) > FAR)


def _cell(column: pl.Series, chosen: pl.Series, ids: pl.Series) -> str:
    """The first of the chosen cells, with its example."""
    at = int(chosen.to_numpy().argmax())
    return f"{str(column[at])[:LONGEST]!r} for {str(ids[at])[:LONGEST]!r}"
