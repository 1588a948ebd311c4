"""Tells several answers of one model, best first, from those of several members: members agree on
some example, and the best answers of one model never do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.paired_names import are_numbered
from undertow.records.usual_names import flag_of

FEWEST = 20
"""Rows from which on it says something that columns agree in none."""
WHY = "never agree in a row, as the best answers of one model do and members do not"


def are_ranked(frame: pl.DataFrame, columns: Sequence[str]) -> bool:
    """Whether columns that differ in a number alone agree in no row."""
    if not are_numbered(columns) or frame.height < FEWEST:
        return False
    text = frame.select(pl.col([*columns]).cast(pl.String)).drop_nulls()
    return text.height >= FEWEST and not any(
        (text[one] == text[other]).any() for one, other in combinations(columns, 2)
    )


def first_ranked(frame: pl.DataFrame, columns: Sequence[str], label: str | None) -> str | None:
    """The column of the lowest number, if no other is right as often; ``None`` where nothing says
    which is right."""
    if label is None:
        return None
    right = frame[label].cast(pl.String)
    share = {c: float((frame[c].cast(pl.String) == right).mean() or 0) for c in columns}  # type: ignore[arg-type]
    first = min(columns, key=lambda c: [int(n) for n in re.findall(r"\d+", c)])
    return first if all(share[first] > share[c] for c in columns if c != first) else None


def said_of_ranked(columns: Sequence[str]) -> str:
    """Why the columns are no members."""
    return f"{', '.join(map(repr, columns[:3]))}{' …' * (len(columns) > 3)} {WHY}"


def refuse_ranked(
    path: Path, frame: pl.DataFrame, wanted: Sequence[str], label: str | None
) -> None:
    """Raises ``TableError`` where they were named as predictions of several members."""
    if len(wanted) < 2 or not are_ranked(frame, wanted):
        return
    first = first_ranked(frame, wanted, label)
    name = (
        "name the one that the model answers first, alone"
        if first is None
        else f"name the first alone: {flag_of('prediction', first)}"
    )
    raise TableError(
        f"{flag_of('prediction', *wanted)}: in {path} {said_of_ranked(wanted)}; {name}"
    )
