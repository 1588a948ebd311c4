"""Refuses scores whose name says that more of them is not better: read as grades they would turn a
verdict round.
"""

from __future__ import annotations

import polars as pl

from undertow.errors import TableError
from undertow.records.contrary_scale import CONTRARY, contrary_to
from undertow.records.formats.columns.between import ONE_FILE
from undertow.records.formats.columns.ends import reach
from undertow.records.formats.columns.labels_meant import (
    label_of_class,
    label_of_two,
    may_be_labels,
    said_of_those,
)
from undertow.records.formats.columns.meant import APART, UNKNOWN
from undertow.records.formats.columns.stated_scale import stated_note
from undertow.records.formats.columns.values import numbers_in, within_one
from undertow.records.formats.predictions.sheets import Table
from undertow.records.grade_scale import ON_SCALE, TO_TYPE, TURNED, GradeScale
from undertow.records.read_as_grade import note_on
from undertow.records.usual_names import (
    GRADES,
    SCORE,
    flag_of,
    plain,
    says_harm,
    says_how_likely,
    says_less_is_better,
    those_called,
)

ANSWERS = frozenset({"answer", "output"})


def refuse_loss(table: Table, *, of_two: bool) -> None:
    """Refuses scores that are called a loss, an error or a doubt, also where they would be read as
    the probability ``of_two`` classes, which they are not; a harm may be such a class."""
    if "score" not in table.asked.frame.columns:
        return
    score = table.asked.names.get("score", "score")
    less = says_less_is_better(score) or (says_harm(score) and not of_two)
    if less and not says_how_likely(score):
        raise TableError(
            f"{table.path}: of column {score!r} less is better, as its name has it, and a score is "
            f"a grade, of which more is better; {_turned(table.asked.frame['score'])}, or, if more "
            f"of {score!r} is better, {as_grades(table)}"
        )


def _turned(score: pl.Series) -> str:
    """What to type, so that less of it is better."""
    number = numbers_in(score)
    if number is None or within_one(number):
        return f"add {TURNED.typed}, which reads 1 minus it"
    return f"add {TO_TYPE} with the ends of its scale, the largest first: it {reach(number)}"


def grade_note(table: Table, outcome: str, scale: GradeScale | None = None) -> tuple[str, ...]:
    """Says which of the ``outcome`` is better: what was asked, or more where its name does not say
    so."""
    name = table.asked.names.get(outcome, outcome)
    if scale is not None:
        other = contrary_to(name, scale)
        contrary = "" if other is None else f", {CONTRARY} {other}"
        return (f"{table.path}: column {name!r} {ON_SCALE} {scale.said}{contrary}.",)
    stated = stated_note(table.path, name, table.asked.frame[outcome])
    return stated if plain(name) in SCORE else (*stated, note_on(table.path, name))


def refuse_probability(table: Table) -> None:
    """Refuses scores that are called a probability and would be read as grades: without the right
    answers, or beside more than two, a model that is surer would look better."""
    frame, score = table.asked.frame, table.asked.names.get("score", "score")
    if not says_how_likely(score):
        return
    grades = those_called(GRADES, frame.columns)
    if grades:
        way = f"take the grades in {grades[0]!r} with {flag_of('score', grades[0])}"
    elif ANSWERS & set(frame.columns):
        way = "give a column of grades with --score, or right answers with --label or --labels"
    else:
        way = f"name the right answers with {_label(frame, score)}"
    raise TableError(
        f"{table.path}: column {score!r} is called a probability, and there is no label of two "
        "values beside it, so it would be read as a grade, by which a surer model is a better one; "
        f"{way}, or, if {score!r} says how good an answer is, {as_grades(table)}"
    )


def _label(frame: pl.DataFrame, score: str) -> str:
    """The flags of right answers, or what may be those."""
    named = label_of_class(frame.rename({"score": score}), score)
    if named is not None:
        return f"{flag_of('label', named[0])} {flag_of('positive', named[1])}"
    two = label_of_two(frame)
    if two is not None:
        return flag_of("label", two)
    able = may_be_labels(frame, {"example_id", "member", "score"}, ONE_FILE)
    return f"{flag_of('label', UNKNOWN)}{APART}{said_of_those(able)}"


def refuse_scaled_probability(table: Table, scale: GradeScale) -> None:
    """Refuses a scale of grades for a column that is called a probability."""
    score = table.asked.names.get("score", "score")
    if says_how_likely(score):
        raise TableError(
            f"{scale.typed}: is of grades, and column {score!r} in {table.path} is called a "
            "probability, by which a surer model would look better; leave --scale out, and beside "
            "a label of two values give the score above which it decides with --threshold NUMBER"
        )


def as_grades(table: Table) -> str:
    """How scores are read as grades all the same: a frame in memory has no format to choose."""
    return "add --format 'graded table'" if table.path.is_file() else "call the column 'correct'"
