"""Columns of a graded table that say how good an answer is; ``score`` goes before ``correct``."""

from __future__ import annotations

import polars as pl

from undertow.records.formats.predictions.sheets import Table

OUTCOMES = ("score", "correct")


def outcome_of(frame: pl.DataFrame) -> str:
    return next((name for name in OUTCOMES if name in frame.columns), "score")


def second_outcome(table: Table) -> tuple[str, ...]:
    """A note on the outcome that gives way to the first."""
    frame, _, names = table.asked
    found = [names.get(name, name) for name in OUTCOMES if name in frame.columns]
    if len(found) < 2:
        return ()
    return (f"{table.path}: column {found[1]!r} is not used, as {found[0]!r} is there.",)
