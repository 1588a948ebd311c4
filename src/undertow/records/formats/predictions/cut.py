"""Reads a score beside a label of two values: it is the probability of the positive one.

The prediction is the positive class above 0.5, or above the threshold that was asked for. With one,
scores on any scale decide; those that are not all from 0 to 1 are no probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import polars as pl

from undertow.errors import TableError
from undertow.records.class_list import class_meant
from undertow.records.conditions import AS_SCORE
from undertow.records.formats.columns.by_class.class_columns import class_named
from undertow.records.formats.columns.commands.answer_made import in_words
from undertow.records.formats.columns.commands.fractions import of_probabilities, of_the_other
from undertow.records.formats.columns.ends import ends_of, reach
from undertow.records.formats.columns.other_scale import OtherScale
from undertow.records.formats.columns.values import (
    has_decimals,
    holds_numbers,
    numbers_in,
    positive_among,
    shown,
    values_of,
    within_one,
)
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.predictions.columns import as_text
from undertow.records.formats.predictions.no_grade import ANSWERS, as_grades
from undertow.records.formats.predictions.sheets import Table
from undertow.records.formats.predictions.threshold import (
    AS_PROBABILITY,
    above,
    refuse_out_of_reach,
    say_which_positive,
    threshold_of,
)
from undertow.records.reading import Reading
from undertow.records.usual_names import (
    GRADES,
    flag_of,
    plain,
    says_how_likely,
    says_how_sure,
)


class Predicted(NamedTuple):
    """Sheets with predictions, whether their scores are probabilities, and of which class."""

    sheets: list[Sheet]
    probable: bool
    positive: str


def beside_two_classes(tables: Sequence[Table], *, labelled: bool) -> bool:
    """Whether scores stand beside labels of two values and say nothing about answers.

    ``labelled``: the labels are in a file of their own.
    """
    frames = [table.asked.frame for table in tables]
    if any(_says_of_answers(table) for table in tables):
        return False
    if any(_called_a_grade(table) for table in tables):
        return False
    scores = [frame["score"] for frame in frames if "score" in frame.columns]
    # A cell such as n/a among numbers is refused as what it is.
    if not all(holds_numbers(column) for column in scores if column.count()):
        return False
    known = [as_text(t.path, t.asked.frame["label"], "label") for t in tables if _labels(t)]
    return labelled or 1 <= len(set[str]().union(*map(values_of, known))) <= 2


def _says_of_answers(table: Table) -> bool:
    """Whether what a model wrote, or an outcome, stands beside the score; a score that was named
    goes before an outcome that nobody named, and one that is called a probability before
    answers."""
    columns, named = table.asked.frame.columns, table.asked.names.get("score")
    answers = bool(ANSWERS & set(columns))
    return ("correct" in columns and named is None) or (
        answers and not (named is not None and says_how_likely(named))
    )


def _called_a_grade(table: Table) -> bool:
    """Whether the score is called a grade, and may be one: decimals beside right answers that were
    named are the probability of one of two, whatever they are called."""
    frame, names = table.asked.frame, table.asked.names
    if plain(names.get("score", "score")) not in GRADES:
        return False
    number = numbers_in(frame["score"]) if "score" in frame.columns else None
    return "label" not in names or number is None or not has_decimals(number)


def _labels(table: Table) -> bool:
    return "label" in table.asked.frame.columns


def predicted(
    tables: Sequence[Table], sheets: Sequence[Sheet], reading: Reading, notes: list[str]
) -> Predicted:
    """Adds the column ``prediction``. Scores that are no probabilities are taken away once they
    have decided. A column that is called the probability of one class, as ``p_0``, is that.

    Raises ``TableError`` where neither labels nor ``reading`` say which of two is positive, or
    scores are no probabilities and no threshold is given."""
    first = sheets[0]
    labels = [sheet.frame["label"] for sheet in sheets if _has(sheet, "label")]
    known = set[str]().union(*map(values_of, labels))
    asked = class_meant(reading.positive, known) if len(known) == 2 else None
    named = class_named(first.called("score"), known)
    for table in tables:
        _refuse_another_class(table, reading, known, asked or named)
    positive = asked or named or positive_among(known)
    score, label = first.called("score"), first.called("label")
    if positive is None and reading.positive is not None and len(known) == 2:
        raise TableError(
            f"{flag_of('positive', reading.positive)}: the values of {label!r} in {first.source} "
            f"are {shown(known)}, and {score!r} is the probability of one; "
            f"{say_which_positive(known)}"
        )
    if positive is None:
        raise TableError(
            f"{first.source}: column {score!r} is a score, and the values of {label!r}, "
            f"{shown(known)}, do not say which of two is positive; {say_which_positive(known)}, "
            f"or, if {score!r} says how good an answer is, {as_grades(tables[0])}"
        )
    silent = next((sheet for sheet in sheets if not _has(sheet, "score")), None)
    if silent is not None:
        raise TableError(
            f"{silent.source}: has no value in a column {score!r}; give this model's scores too"
        )
    (negative,) = known - {positive}
    for table in tables:
        _refuse_others(table, reading, (negative, positive))
    number = pl.concat([sheet.frame["score"].drop_nulls().cast(pl.Float64) for sheet in sheets])
    refuse_out_of_reach(first.source, score, number, reading)
    probable = within_one(number)
    how = AS_PROBABILITY if probable else f"{reach(number)}, {AS_SCORE}"
    notes.append(
        f"{first.source}: column {score!r} {how} {positive!r} in {label!r}; the prediction is "
        f"{positive!r} above {threshold_of(reading):.15g}."
    )
    gone = [] if probable else ["score"]
    made = [
        s.frame.with_columns(above(s.frame["score"], reading, positive, negative)).drop(gone)
        for s in sheets
    ]
    cut = [replace(s, frame=f) for s, f in zip(sheets, made, strict=True)]
    return Predicted(cut, probable, positive)


def _refuse_another_class(
    table: Table, reading: Reading, known: set[str], positive: str | None
) -> None:
    """Refuses a column that is called the probability of the other class than the positive one."""
    score, keys = table.asked.names.get("score", "score"), reading.keys
    named = class_named(score, known)
    if named is None or positive is None or named == positive:
        return
    other = f"p_{positive}"
    command = of_the_other(table.path, score, table.asked.frame["score"], other, keys)
    begins = f"{flag_of('positive', positive)}: " if reading.positive else ""
    raise TableError(
        f"{begins}column {score!r} in {table.path} is called the probability of {named!r}, not of "
        f"{positive!r}; name that class with {flag_of('positive', named)}, or give the probability "
        f"of {positive!r} with {flag_of('score', other)}, which this writes: {command}"
    )


def _has(sheet: Sheet, name: str) -> bool:
    return name in sheet.frame.columns


def _refuse_others(table: Table, reading: Reading, classes: tuple[str, str]) -> None:
    """Refuses scores on another scale without a threshold on it, and those that may as well be
    answers or grades. Of the classes the second is the positive one."""
    column, names = table.asked.frame["score"], table.asked.names
    number, positive = numbers_in(column), classes[1]
    score, label = names.get("score", "score"), names.get("label", "label")
    if number is not None and not within_one(number) and reading.threshold is None:
        raise OtherScale.of(
            f"{table.path}: column {score!r} {reach(number)}, and beside {label!r} it "
            f"{AS_PROBABILITY} {positive!r}, from 0 to 1",
            f"column {score!r} in {table.path}",
            ends_of(number),
            partial(of_probabilities, table.path, score, column, reading.keys),
        )
    if number is not None and says_how_sure(score) and (number.drop_nulls() >= 0.5).all():
        raise TableError(
            f"{table.path}: column {score!r} is 0.5 or more in every row, so it says how sure a "
            f"model is of its own answer, and not which of two it gives; name its answers with "
            "--prediction COLUMN"
        )
    if number is not None and number.is_in([0.0, 1.0]).all():
        give = f"give it as {flag_of('prediction', score)}"
        if {*classes} != {"0", "1"} or "%" in _two(column):
            command = in_words(table.path, score, column, classes, reading.keys)
            give = f"write it in the words of {label!r}: {command}"
        raise TableError(
            f"{table.path}: column {score!r} holds nothing but {_two(column)} beside {label!r}; if "
            f"it is the predicted class, {give}; if it says whether an answer is right, "
            f"{as_grades(table)}"
        )


def _two(column: pl.Series) -> str:
    """What stands in a column of zeros and ones, however they are spelled."""
    return "0 % and 100 %" if any("%" in value for value in values_of(column)) else "0 and 1"
