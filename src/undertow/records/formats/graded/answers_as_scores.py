"""Refuses predictions that are named as scores: read as grades, ``True`` would be a good answer."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.values import numbers_in, shown, values_of
from undertow.records.formats.predictions.no_grade import as_grades
from undertow.records.formats.predictions.sheets import Table
from undertow.records.usual_names import OUTCOME_TOO, SCORE, flag_of, plain, says_grade, says_wrong


def refuse_answers(table: Table) -> None:
    """Raises ``TableError`` where a column that was named as the score has the values of the right
    answers, as predictions have: those of the label that was named, or words of another column.
    What is called an outcome is one."""
    frame, names = table.asked.frame, table.asked.names
    score = names.get("score")
    if score is None or "score" not in frame.columns or _is_outcome(score):
        return
    values = values_of(frame["score"])
    labels = _with(values, frame)
    if labels:
        called = [names.get(name, name) for name in labels]
        raise TableError(
            f"{table.path}: column {score!r} has the values of {' and '.join(map(repr, called))} "
            f"({shown(values)}), as predictions have, and a score is a grade, of which more is "
            f"better; {_way(score, called, named='label' in labels and 'label' in names)}, or, if "
            f"{score!r} says how good an answer is, {as_grades(table)}"
        )


def _is_outcome(name: str) -> bool:
    return plain(name) in {*SCORE, *OUTCOME_TOO} or says_grade(name) or says_wrong(name)


def _with(values: set[str], frame: pl.DataFrame) -> list[str]:
    """The label, or else columns of words, with these values."""
    others = [c for c in frame if c.name not in ("score", "example_id", "member")]
    same = [c.name for c in others if len(values) > 1 and values_of(c) == values]
    if "label" in same:
        return ["label"]
    return [] if numbers_in(frame["score"]) is not None else same


def _way(score: str, labels: Sequence[str], *, named: bool) -> str:
    """What to type; of several right answers only the person knows which."""
    label = "" if named else f" {flag_of('label', labels[0] if len(labels) == 1 else 'COLUMN')}"
    which = "" if len(labels) == 1 else f", where COLUMN is {' or '.join(map(repr, labels))}"
    return f"add {flag_of('prediction', score)}{label} in place of {flag_of('score', score)}{which}"
