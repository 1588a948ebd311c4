"""Finds the column that tells apart rows of one example that are no repeats of one grade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from undertow.records.formats.columns.values import is_nested
from undertow.records.usual_names import (
    ANSWER,
    OUTCOME_TOO,
    SCORE,
    WRONG,
    says_measured,
    says_repeat,
    says_step,
    those_called,
)

READ = (
    "example_id", "member", "score", "correct", "label", "prediction", "answer", "output", "target",
    "input", "content_hash", "prompt_hash", "seconds",
)  # fmt: skip
"""Columns that readers know for something else."""
FEWEST = 3
"""Examples in several rows from which on it says something that all have the same values, and pairs
of rows expected to meet by chance from which on it does that hardly any do."""
NEARLY = 0.1
"""Share of those pairs, or of an example's values, up to which a rule still holds."""


def telling_unlike(again: pl.DataFrame, of_one: Sequence[str]) -> Iterator[str]:
    """Columns that tell apart rows of one example: those that are called a metric or a step, and,
    where no repeats explain the rows, those whose values say so."""
    others = {*READ, *those_called((*ANSWER, *SCORE, *OUTCOME_TOO, *WRONG), again.columns)}
    free = [c for c in again.columns if c not in others and not is_nested(again[c])]
    repeats = [c for c in free if says_repeat(c)]
    free = [c for c in free if c not in repeats]
    named = [c for c in free if says_measured(c)] + [c for c in free if says_step(c)]
    varying = again.group_by(of_one).agg(pl.col(named).drop_nulls().n_unique())
    yield from (c for c in named if (varying[c] > 1).any())
    if again.select(*of_one, *repeats).is_duplicated().any():
        yield from (c for c in free if _by_design(again.drop_nulls(c), of_one, c))


def _by_design(rows: pl.DataFrame, of_one: Sequence[str], name: str) -> bool:
    """Whether nearly every example has each value equally often, or hardly any has one twice where
    chance would often do that."""
    examples, values = rows.select(of_one).n_unique(), rows[name].n_unique()
    if examples < FEWEST or values < 2:
        return False
    counts = rows.group_by(*of_one, name).len()["len"]
    often = int(counts.mode().sort()[0])
    if (counts == often).sum() >= (1 - NEARLY) * examples * values:
        return True
    meeting = _pairs(counts)
    pairs = _pairs(rows.group_by(of_one).len()["len"])
    chance = pairs * float((rows[name].value_counts()["count"] / rows.height).pow(2).sum())
    return chance >= FEWEST and meeting <= NEARLY * chance


def _pairs(counts: pl.Series) -> float:
    return float((counts.cast(pl.Float64) * (counts.cast(pl.Float64) - 1) / 2).sum())
