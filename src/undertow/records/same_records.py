"""Whether two populations hold the same, as a file and its copy do, or the same answers beside
columns that may be the answers: then nothing is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.records import Records

ANSWERS = (
    "pred_MN",
    "score_MN",
    "p_label_MN",
    "confidence_MN",
    "margin_MN",
    "proba_MNC",
    "in_top_MN",
)
TEXTS = ("answers", "outputs")


EQUAL_TOO = 0.1
"""Share of examples on which columns of two models' answers agree at least. Times that two runs
took differ nearly everywhere."""
FEW = 20
"""Different values up to which a column may be an outcome beside a score that is one number for
all; times and texts have more."""


def nothing_compared(reference: Records, variants: Sequence[Records]) -> dict[str, tuple[str, ...]]:
    """By name, variants none of whose answers differ, nor what is known of them, each with the
    columns that differ and may be what models made of the examples: none, where all is the same, or
    every score is one number that is not the best."""
    beside = {v.name: _beside_equal_answers(reference, v) for v in variants}
    return {name: columns for name, columns in beside.items() if columns is not None}


def _beside_equal_answers(one: Records, other: Records) -> tuple[str, ...] | None:
    if hold_the_same(one, other):
        return ()
    if (one.N, one.M, one.classes) != (other.N, other.M, other.classes) or not one.N:
        return None
    mine, theirs = _by_example(one, other)
    if not mine.example_id_N.equals(theirs.example_id_N) or not _answer_alike(mine, theirs):
        return None
    score = score_for_all(one)
    beside = _other_answers(mine.examples, theirs.examples, one_score=score is not None)
    # All right on both sides is a result, as of models that pass every test.
    return tuple(beside) or (None if score in (None, 1) else ())


def score_for_all(records: Records) -> float | None:
    """The score that each answer has, where they all have one and the same; ``None`` else."""
    if records.score_MN is None:
        return None
    said = np.unique(records.score_MN)
    return float(said[0]) if len(said) == 1 and not np.isnan(said[0]) else None


def hold_the_same(one: Records, other: Records) -> bool:
    """Whether every answer, every column and all that is known of the runs is equal, in whatever
    order the examples stand."""
    if (one.N, one.M, one.classes) != (other.N, other.M, other.classes) or not one.N:
        return False
    if _of_the_runs(one) != _of_the_runs(other):
        return False
    mine, theirs = _by_example(one, other)
    return (
        _answer_alike(mine, theirs)
        and {*mine.examples.columns} == {*theirs.examples.columns}
        and mine.examples.equals(theirs.examples.select(mine.examples.columns))
    )


def _by_example(*sides: Records) -> list[Records]:
    return [side.take_examples(side.example_id_N.arg_sort().to_numpy()) for side in sides]


def _answer_alike(one: Records, other: Records) -> bool:
    """In all answers, scores, probabilities and texts."""
    return all(_equal(getattr(one, name), getattr(other, name)) for name in ANSWERS) and all(
        _texts(getattr(one, name), getattr(other, name)) for name in TEXTS
    )


def _other_answers(one: pl.DataFrame, other: pl.DataFrame, *, one_score: bool) -> Iterator[str]:
    """Columns of several values that two sides have in the same order, and fill in alike on some
    examples and not on others. Beside ``one_score`` for all, a few values may differ anywhere."""
    for column in one.columns:
        if column not in other.columns:
            continue
        mine, theirs = (side[column].cast(pl.String, strict=False) for side in (one, other))
        equal = float(mine.eq_missing(theirs).mean() or 0)  # type: ignore[arg-type]
        counts = mine.n_unique(), theirs.n_unique()
        least = 0 if one_score and max(counts) <= FEW else EQUAL_TOO
        if least <= equal < 1 and min(counts) > 1:
            yield column


def _of_the_runs(records: Records) -> object:
    """Conditions and numbers, such as how long a run took."""
    return records.manifest.conditions, [dict(member.facts) for member in records.members]


def _equal(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other, equal_nan=True)


def _texts(one: tuple[pl.Series, ...] | None, other: tuple[pl.Series, ...] | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(a.equals(b) for a, b in zip(one, other, strict=True))
