"""Finds the column that names the example in a stranger's table, and the one that tells apart the
rows of one example."""

from __future__ import annotations

import polars as pl

from undertow.records.formats.columns.shared import Shared
from undertow.records.formats.columns.values import is_nested, names_rows, numbers_in
from undertow.records.rows_averaged import NOT_TOLD, SEVERAL_ROWS
from undertow.records.usual_names import (
    ANSWER,
    COUNTERS,
    ID,
    LABEL,
    MEMBER,
    PREDICTION,
    SCORE,
    flag_of,
    plain,
    says_repeat,
    those_called,
)

NOTHING = Shared()


def member_meant(frame: pl.DataFrame, key: str = "example_id") -> str | None:
    """A column that tells apart the rows of one example."""
    for name in those_called(MEMBER, frame.columns):
        if not is_nested(frame[name]) and not frame.select(key, name).is_duplicated().any():
            return name
    return None


def key_and_member(frame: pl.DataFrame, between: Shared = NOTHING) -> tuple[str | None, str | None]:
    """As names tell, and values that files share; a column of texts, one for each row, goes before
    a counter of rows, which names other examples once a file is sorted anew."""
    frame = frame.drop(between.apart - {"example_id"}, strict=False)
    key, member = _called_key(frame)
    if key is None:
        taken = those_called((*PREDICTION, *LABEL, *ANSWER), frame.columns)
        key = next((c for c in frame.columns if c in between.texts and c not in taken), None)
    if key is None or plain(key) not in COUNTERS:
        return key, member
    others = {*those_called((*PREDICTION, *LABEL, *SCORE, *MEMBER, *ANSWER), frame.columns)}
    texts = (c for c in frame if c.dtype == pl.String and c.name not in others)
    named = next((c.name for c in texts if names_rows(c) and numbers_in(c) is None), None)
    return (key, member) if named is None else (named, None)


def _called_key(frame: pl.DataFrame) -> tuple[str | None, str | None]:
    """The column that names the example, and the one of members where an example has several."""
    ending = [c for c in frame.columns if plain(c).endswith("_id") and plain(c) not in MEMBER]
    names = list(dict.fromkeys([*those_called(ID, frame.columns), *ending]))
    unique = next((name for name in names if not frame[name].is_duplicated().any()), None)
    if "example_id" in names:
        return "example_id", None
    if not names:
        others = {*those_called((*PREDICTION, *LABEL, *SCORE, *MEMBER), frame.columns)}
        return next((c.name for c in frame if c.name not in others and names_rows(c)), None), None
    if unique in names[:1]:
        return unique, None
    for name in names:
        member = None if name == unique else member_meant(frame, name)
        if member is not None:
            return name, member
    texts = (c for c in frame if c.dtype == pl.String and plain(c.name) not in MEMBER)
    rows = (c.name for c in texts if names_rows(c) and numbers_in(c) is None)
    return unique or next(rows, names[0]), None


def averaged_note(source: str, frame: pl.DataFrame) -> tuple[str, ...]:
    """Says that rows of one example are averaged, and which column may be that of members."""
    ids = frame["example_id"].drop_nulls()
    several = int(ids.filter(ids.is_duplicated()).n_unique())
    if not several:
        return ()
    name, source = member_meant(frame), f"{source}: {several:,} of {ids.n_unique():,} examples are"
    if name is not None:
        flag = flag_of("member", name)
        return (
            f"{source} {SEVERAL_ROWS}; {name!r} tells these apart: to compare members, add {flag}.",
        )
    repeats = [c for c in frame.columns if says_repeat(c) and not is_nested(frame[c])]
    told = not frame.select("example_id", *repeats).is_duplicated().any()
    return (f"{source} {SEVERAL_ROWS if told else NOT_TOLD}.",)
