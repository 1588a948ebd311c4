"""Where two sides fill in one column of the examples differently."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

ROUNDING = 1e-5
"""Part of a number by which it is the same number, written with fewer digits."""
LONGEST = 40


@dataclass(frozen=True)
class Dispute:
    """On how many examples the sides differ, and the first of them with what each says of it.

    ``places`` has a row for each: ``at`` is its number, ``mine`` and ``theirs`` are the values.
    """

    count: int
    example: str
    mine: str
    theirs: str
    places: pl.DataFrame = field(compare=False, repr=False)


def dispute(ids: pl.Series, mine: pl.Series, theirs: pl.Series) -> Dispute | None:
    """Compares two columns of text; ``None`` where they do not differ. What one side leaves empty
    is no difference, and neither is the same number in another spelling, such as 0.10 and 0.1, or
    rounded; whole numbers may be codes, and are never rounded."""
    differ = _differ(mine, theirs).fill_null(False)
    if not differ.any():
        return None
    sides = pl.DataFrame({"mine": mine, "theirs": theirs}).with_row_index("at")
    places = sides.filter(differ)
    first, own, other = places.row(0)
    return Dispute(places.height, str(ids[first]), own[:LONGEST], other[:LONGEST], places)


def in_other_words(mine: pl.Series, theirs: pl.Series) -> bool:
    """Whether each value stands for one value of the other side, as x and X or male and m do. With
    the same values on both sides they contradict each other, and values that seldom come twice
    always seem to go together."""
    both = pl.DataFrame({"mine": mine, "theirs": theirs}).drop_nulls()
    own, other = (set(both[name].unique()) for name in both.columns)
    pairs = both.unique().height
    return len(own) == len(other) == pairs and own != other and 2 * pairs <= both.height


def _differ(mine: pl.Series, theirs: pl.Series) -> pl.Series:
    sides = (mine, theirs)
    numbers = [side.cast(pl.Float64, strict=False) for side in sides]
    if any(n.null_count() != side.null_count() for n, side in zip(numbers, sides, strict=True)):
        return mine != theirs
    before, after = numbers
    largest = pl.select(pl.max_horizontal(before.abs(), after.abs())).to_series()
    rounded = (before % 1 != 0) | (after % 1 != 0)
    close = ((before - after).abs() / largest <= ROUNDING) & rounded
    return (before != after) & ~close
