"""The threshold of a score: the positive one of two classes is predicted above it, and at it the
other."""

from __future__ import annotations

import polars as pl

from undertow.errors import TableError
from undertow.records.conditions import SCALE, THRESHOLD
from undertow.records.formats.columns.scaling import reach
from undertow.records.formats.columns.values import within_one
from undertow.records.reading import Reading

AS_PROBABILITY = "is read as the probability of"
"""Stands in the note, which is said before the audit too."""
AS_SCORE = "is no probability, and is read as a score of"
"""The same of scores on another scale, which a threshold decides."""
HALF = 0.5
"""The threshold where nobody names one: the likelier class."""


def threshold_of(reading: Reading) -> float:
    return HALF if reading.threshold is None else reading.threshold


def conditions_of(reading: Reading, *, probable: bool) -> dict[str, str]:
    """What both sides must have in common; ``probable``: scores lie between 0 and 1. The same
    threshold of per cent and of a probability is another one."""
    scale = "from 0 to 1" if probable else "wider than from 0 to 1"
    return {THRESHOLD: f"{threshold_of(reading):.15g}", SCALE: scale}


def above(score: pl.Expr, reading: Reading, positive: str, negative: str) -> pl.Expr:
    """The predicted class; none where there is no score."""
    cut, score = threshold_of(reading), score.fill_nan(None)
    return pl.when(score > cut).then(pl.lit(positive)).when(score <= cut).then(pl.lit(negative))


def refuse_out_of_reach(source: object, column: str, number: pl.Series, reading: Reading) -> None:
    """Refuses a threshold in another unit than the column, which would decide every example alike.

    A probability may reach farther than this file does.
    """
    cut, known = reading.threshold, number.to_numpy()
    if cut is None or not len(known):
        return
    least, most = (0.0, 1.0) if within_one(number) else (float(known.min()), float(known.max()))
    if not least <= cut < most:
        raise TableError(
            f"--threshold {cut:.15g}: column {column!r} in {source} {reach(number)}, so the "
            "threshold decides every example alike; give a number from "
            f"{least:g} to below {most:g}, as in --threshold {least + (most - least) / 5:.3g}"
        )
