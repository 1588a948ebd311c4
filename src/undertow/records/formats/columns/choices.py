"""Says what may stand where suggested flags leave a column open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from undertow.records.formats.columns.between import ONE_FILE, Between
from undertow.records.formats.columns.meant import UNKNOWN, columns_meant, rest_of
from undertow.records.formats.columns.stated_scale import stated_in
from undertow.records.formats.columns.values import is_nested, numbers_in, values_of, within_one
from undertow.records.formats.columns.within import fields_in
from undertow.records.grade_scale import TO_TYPE, TURNED, are_letters, are_open_words
from undertow.records.usual_names import flag_of, says_harm, says_less_is_better

MOST_SHOWN = 12


def choices(frame: pl.DataFrame, flags: str, sides: Between = ONE_FILE) -> str:
    """What may stand where the ``flags`` leave open which column holds the answers."""
    meant = columns_meant(frame, sides)
    if meant.grades and flag_of("score", UNKNOWN) in flags:
        which = _named(meant.grades)
        able = {c: n for c in meant.grades if (n := numbers_in(frame[c])) is not None}
        return f", where only you know which COLUMN is, of {which}{_turned(able, alone=False)}"
    if flag_of("prediction", UNKNOWN) not in flags:
        score = "score" if "score" in frame.columns else meant.score
        if score is None or "--scale" in flags or "--label" in flags:
            return ""
        return _on_scale(frame[score])
    if meant.pairs:
        return _which_pair(meant.pairs)
    flat = [name for name in rest_of(frame, meant) if not is_nested(frame[name])]
    rest = [*flat, *(name for name, field in fields_in(frame).items() if not is_nested(field))]
    if not rest:
        return ""
    some = _named(rest)
    which = f"whether COLUMN is {some}" if len(rest) == 1 else f"which COLUMN is, of {some}"
    able = {c: n for c in flat if c not in sides.same and (n := numbers_in(frame[c])) is not None}
    return (
        f", where only you know {which}; a score or a probability goes with --score COLUMN in "
        f"place of --prediction COLUMN{_turned(able, alone=len(rest) == 1)}"
        f"{_in_words(frame[rest[0]]) if rest == flat[:1] else ''}"
    )


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:MOST_SHOWN])) + " …" * (len(names) > MOST_SHOWN)


def _which_pair(pairs: Sequence[tuple[str, str]]) -> str:
    """The pairs that can be typed, where several predictions have right answers of their own."""
    typed = [
        f"{flag_of('prediction', name)} {flag_of('label', right)}"
        for name, right in pairs[:MOST_SHOWN]
    ]
    return (
        f", as there are {len(pairs)} predictions with right answers of their own and a comparison "
        f"is of one; only you know which: {', or '.join(typed)}{' …' * (len(pairs) > MOST_SHOWN)}"
    )


def _in_words(column: pl.Series) -> str:
    """How the only column is read as a score where it holds words or letters, if some do."""
    said = values_of(column)
    if len(said) > 2 and are_open_words(said) and not are_letters(said):
        return ", and with --scale too: all its words in order, the worst first"
    return f", and with {TO_TYPE} too" if are_letters(said) or are_open_words(said) else ""


def _on_scale(column: pl.Series) -> str:
    """The same of grades, whose numbers may also go beyond 1: so one command has all they need."""
    if stated_in(column) is not None:
        return ""
    number = numbers_in(column)
    beyond = number is not None and len(number) and not within_one(number)
    return f", and with {TO_TYPE} too: its ends, the worst first" if beyond else _in_words(column)


def _turned(able: Mapping[str, pl.Series], *, alone: bool) -> str:
    """How a score is read of which less is better, of columns that may be one by their numbers;
    ``alone``: nothing else may be."""
    less = next((c for c in able if says_less_is_better(c) or says_harm(c)), None)
    name = next(iter(able), None) if less is None and alone else less
    if name is None:
        return ""
    fractions = within_one(able[name])
    scale = TURNED.typed if fractions else TO_TYPE
    if less is None:
        return f", and with {scale} too{' if less of it is better' if fractions else ''}"
    return (
        f"; of {name!r} less is better, as its name has it, so as a score it goes with "
        f"{flag_of('score', name)} {scale}"
    )
