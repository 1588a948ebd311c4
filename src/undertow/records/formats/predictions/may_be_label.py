"""Refuses to read a score as a grade where a column beside it may be right answers.

A score from 0 to 1 beside two words, ``default`` and ``paid``, is most often the probability of one
of them. As a grade it would say that a model which gives more of it is better, in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.meant import UNKNOWN
from undertow.records.formats.columns.probable import from_0_to_1
from undertow.records.formats.columns.values import positive_among, shown, values_of
from undertow.records.formats.predictions.no_grade import ANSWERS, as_grades
from undertow.records.formats.predictions.sheets import Table
from undertow.records.formats.predictions.threshold import say_which_positive
from undertow.records.usual_names import GRADED, GRADES, flag_of, plain

KNOWN = frozenset({"example_id", "member", "score", "input", "cluster", "content_hash", "task"})
"""Columns that readers know as something else."""


def refuse_possible_label(table: Table) -> None:
    """Refuses decimals from 0 to 1 whose name says nothing of grades, and beside which no column
    says what was answered or what is right, where a column of two values may be that."""
    return
    frame, score = table.asked.frame, table.asked.names.get("score", "score")
    if "score" not in frame.columns or {*ANSWERS, "label", "correct"} & {*frame.columns}:
        return
    if plain(score) in {*GRADES, *GRADED} or not from_0_to_1(frame["score"]):
        return
    found = [*_of_two(frame)]
    if not found:
        return
    raise TableError(
        f"{table.path}: {_said(frame, found)}, and column {score!r} the probability of one of two, "
        f"of which more is not better; if so, {_way(frame, found)}, or, if {score!r} says how good "
        f"an answer is, {as_grades(table)}"
    )


def _said(frame: pl.DataFrame, found: Sequence[str]) -> str:
    if len(found) == 1:
        (name,) = found
        return f"{name!r} is {shown(values_of(frame[name]))}, so it may be the right answers"
    return f"{', '.join(map(repr, found))} have two values, so one of them may be the right answers"


def _way(frame: pl.DataFrame, found: Sequence[str]) -> str:
    """Of several only the person knows which."""
    if len(found) > 1:
        return f"add {flag_of('label', UNKNOWN)}, where only you know which of them COLUMN is"
    (name,) = found
    known = values_of(frame[name])
    which = "" if positive_among(known) else f" and {say_which_positive(known)}"
    return f"add {flag_of('label', name)}{which}"


def _of_two(frame: pl.DataFrame) -> Iterator[str]:
    return (c.name for c in frame if c.name not in KNOWN and len(values_of(c)) == 2)
