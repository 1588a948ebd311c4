"""What a table has besides what is read of it: another prediction with its
right answers, or another column that may say how good an answer is. A verdict is about one of them,
and whoever reads it has to know of the others."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl

from undertow.records.formats.columns.paired_names import named_in_pairs
from undertow.records.formats.columns.values import is_nested, numbers_in, positive_among, values_of
from undertow.records.usual_names import OUTCOME_TOO, SCORE, flag_of, says_wrong, those_called

UNREAD = "and not compared here"
"""Stands in the notes on such columns, which are said before the audit too."""
MOST_SHOWN = 4
TAKEN = frozenset(
    {"example_id", "prediction", "label", "member", "score", "correct", "input", "target", "answer",
     "output", "content_hash", "prompt_hash", "cluster", "seconds", "confidence"}
)  # fmt: skip


def unread_pairs(source: str, frame: pl.DataFrame, named: Collection[str]) -> tuple[str, ...]:
    """A note on predictions that have right answers of their own, besides those that are read. Who
    ``named`` the column of predictions may have chosen among several that were offered."""
    if not {"prediction", "label"} <= {*frame.columns}:
        return ()
    rest = [c for c in frame.columns if c not in TAKEN]
    pairs = named_in_pairs(frame, rest)
    said = [f"{name!r} of {right!r}" for name, right in pairs]
    typed = [f"{flag_of('prediction', name)} {flag_of('label', right)}" for name, right in pairs]
    are = ("is another prediction", "are other predictions")
    return _note(source, said, are, typed, instead="prediction" in named)


def unread_outcomes(source: str, frame: pl.DataFrame, named: Collection[str]) -> tuple[str, ...]:
    """The same of columns that are called as outcomes are, beside the one that readers know."""
    if {"score", "correct"} & {*named}:
        return ()
    rest = [c for c in frame.columns if c not in TAKEN and not is_nested(frame[c])]
    scores = [c for c in those_called(SCORE, rest) if _is_outcome(frame[c])]
    of_two = [*those_called(OUTCOME_TOO, rest), *(c for c in rest if says_wrong(c))]
    found = [*scores, *(c for c in of_two if positive_among(values_of(frame[c])) is not None)]
    typed = [flag_of("score", name) for name in found]
    are = ("may be another outcome", "may be other outcomes")
    return _note(source, [*map(repr, found)], are, typed)


def _is_outcome(column: pl.Series) -> bool:
    return numbers_in(column) is not None or positive_among(values_of(column)) is not None


def _note(
    source: str,
    said: Sequence[str],
    are: tuple[str, str],
    typed: Sequence[str],
    *,
    instead: bool = False,
) -> tuple[str, ...]:
    """What these ``are``, one or several of them, and what is ``typed`` for each, in addition or
    ``instead`` of what was."""
    if not said:
        return ()
    what, them = (are[0], "it") if len(said) == 1 else (are[1], "one of them")
    more = " …" if len(said) > MOST_SHOWN else ""
    return (
        f"{source}: {', '.join(said[:MOST_SHOWN])}{more} {what}, {UNREAD}; to compare {them}, "
        f"{'type' if instead else 'add'} {', or '.join(typed[:MOST_SHOWN])}{more}"
        f"{' in place of what was named' if instead else ''}",
    )
