"""The threshold of a score: the positive one of two classes is predicted above it, and at it the
other."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl

from undertow.errors import TableError
from undertow.records.class_list import class_meant
from undertow.records.conditions import SCALE, THRESHOLD
from undertow.records.decided_alike import worth_trying
from undertow.records.formats.columns.ends import reach
from undertow.records.formats.columns.values import (
    likely_positive,
    positive_among,
    shown,
    within_one,
)
from undertow.records.reading import Reading
from undertow.records.usual_names import flag_of

AS_PROBABILITY = "is read as the probability of"
"""Stands in the note, which is said before the audit too."""
HALF = 0.5
"""The threshold where nobody names one: the likelier class."""
NEARLY_ALL, TENS = 0.95, 10
"""The share of scores above a fraction, and what they reach beyond, from which on they are taken
for per cent."""


def threshold_of(reading: Reading) -> float:
    return HALF if reading.threshold is None else reading.threshold


def conditions_of(reading: Reading, *, probable: bool) -> dict[str, str]:
    """What both sides must have in common; ``probable``: scores lie between 0 and 1. The same
    threshold of per cent and of a probability is another one."""
    scale = "from 0 to 1" if probable else "wider than from 0 to 1"
    return {THRESHOLD: f"{threshold_of(reading):.15g}", SCALE: scale}


def above(score: pl.Series, reading: Reading, positive: str, negative: str) -> pl.Series:
    """The predicted class; none where there is no score.

    Both are compared in the precision of the scores: a 32-bit 0.6 is more than 0.6, and whoever
    wrote it meant what is at the threshold.
    """
    cut, known = pl.lit(threshold_of(reading), dtype=score.dtype), score.fill_nan(None)
    is_above = pl.when(known > cut).then(pl.lit(positive))
    return pl.select(
        is_above.when(known <= cut).then(pl.lit(negative)).alias("prediction")
    ).to_series()


def cut_answers(
    source: str,
    called: str,
    score: pl.Series,
    classes: tuple[str, str],
    reading: Reading,
) -> tuple[pl.Series, str]:
    """Of probabilities of the ``classes``, negative and positive, the predicted class at a
    threshold that was asked for, and a note. ``called`` is what their owner calls the scores."""
    negative, positive = classes
    refuse_out_of_reach(source, called, score.fill_nan(None).drop_nulls(), reading)
    note = (
        f"{source}: column {called!r} {AS_PROBABILITY} {positive!r}; the prediction is "
        f"{positive!r} above {reading.threshold:.15g}."
    )
    return above(score, reading, positive, negative), note


def negative_and_positive(source: str, classes: Sequence[str], reading: Reading) -> tuple[str, str]:
    """Two classes, of which a threshold cuts the probability of the second. Raises ``TableError``
    where nobody says which that is: of the other one it would be another threshold."""
    named = class_meant(reading.positive, classes) or positive_among(classes)
    if named is None:
        asked = reading.positive
        begins = f"{source}: " if asked is None else f"{flag_of('positive', asked)}: "
        raise TableError(
            f"{begins}{reading.threshold:.15g} cuts the probability of one of two classes, and the "
            f"classes in {source}, {shown(classes)}, do not say which; "
            f"{say_which_positive(classes)}"
        )
    (other,) = set(classes) - {named}
    return other, named


def say_which_positive(known: Collection[str]) -> str:
    """How a person says it, with the likely one as an example, or both where neither is."""
    if len(known) != 2:
        return "write them as 1 and 0"
    likely = likely_positive(known)
    first, second = (flag_of("positive", name) for name in sorted(known))
    said = f"with {first} or {second}" if likely is None else f"as in {flag_of('positive', likely)}"
    return f"name the one that it is the probability of, {said}"


def refuse_out_of_reach(source: object, column: str, number: pl.Series, reading: Reading) -> None:
    """Refuses a threshold in another unit than the column, which would decide every example alike,
    or nearly.

    A probability may reach farther than this file does.
    """
    cut, known = reading.threshold, number.to_numpy()
    if cut is None or not len(known):
        return
    probable = within_one(number)
    least, most = (0.0, 1.0) if probable else (float(known.min()), float(known.max()))
    there = f"--threshold {cut:.15g}: column {column!r} in {source} {reach(number)}"
    if not least <= cut < most:
        in_cents = probable and 1 < cut < 100
        one = f"{cut / 100:.15g} for {cut:.15g} %" if in_cents else worth_trying(least, most)
        cells = f"; a cell of {cut:.15g} % is read as {cut / 100:.15g}" if in_cents else ""
        raise TableError(
            f"{there}, so the threshold decides every example alike; give a number from "
            f"{least:g} to below {most:g}, as in --threshold {one}{cells}"
        )
    above = int((known > cut).sum())
    if _fraction_of_per_cent(cut, least, most) and above >= NEARLY_ALL * len(known):
        raise TableError(
            f"{there}, and {above:,} of {len(known):,} scores lie above it; if these are per cent, "
            f"{100 * cut:.15g} % is --threshold {100 * cut:.15g}, and for {cut:.15g} % divide the "
            f"scores by 100 and give --threshold {cut / 100:.15g}"
        )


def _fraction_of_per_cent(cut: float, least: float, most: float) -> bool:
    """Whether a fraction may be meant as one of scores that look like per cent."""
    return 0 < cut < 1 and least >= 0 and TENS < most <= 100
