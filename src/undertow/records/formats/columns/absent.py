"""Refuses a column that was named and is not there, with what to type in its place."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.by_class.class_columns import OURS
from undertow.records.formats.columns.by_row import ROWS, TYPED
from undertow.records.formats.columns.nested import called_within
from undertow.records.formats.columns.values import positive_among
from undertow.records.reading import Reading, alternatives
from undertow.records.usual_names import (
    PROBABLE,
    USUAL,
    flag_of,
    has_columns,
    plain,
    those_called,
)

APART = "if right answers are in a file of their own, add --labels FILE"


def named_in(frame: pl.DataFrame, given: str | None) -> list[str]:
    """The columns of this file among those that were named for one flag."""
    return [name for name in alternatives(given) if name in frame.columns]


def refuse_absent(
    path: Path, frame: pl.DataFrame, flag: str, name: str, reading: Reading
) -> NoReturn:
    """Raises ``TableError`` for a column that was named and is not there, with what to type."""
    others = (given for other, given in reading.columns.items() if other != flag)
    taken = {column for given in others for column in named_in(frame, given)}
    free = [column for column in frame.columns if column not in taken]
    within = called_within(frame.select(free), flag)
    several = flag == "prediction" and name != ",".join(reading.prediction)
    instead = _instead(free, flag, name, within, apart=reading.labels is not None)
    if several and " give both: " in instead:
        instead = "give the column of each member, by the names that the file has"
    raise TableError(
        f"{flag_of(flag, name)}: {path} has no such column; {has_columns(frame.columns)}; {instead}"
    )


def _instead(free: Sequence[str], flag: str, name: str, within: str | None, *, apart: bool) -> str:
    """What to type in place of a name that the file lacks; ``free`` are columns that no other flag
    names, ``within`` is a field of one of them. Right answers may come ``apart``."""
    usual = those_called(USUAL[flag], free)
    if within is not None:
        usual = [within]
    if flag == "score" and not usual:
        usual = _probable(free)
    if not any(part.strip() for part in name.split(",")):
        return f"give --{flag} one of these" if not usual else f"write {flag_of(flag, usual[0])}"
    close = difflib.get_close_matches(name, free, n=1)
    # A usual name is no slip: the other side's file probably has it.
    if (
        close
        and not _of_another(name, close[0])
        and not (usual and (within is not None or plain(name) in USUAL[flag]))
    ):
        return f"did you mean {flag_of(flag, close[0])}"
    if close and not usual:
        usual = close
    if usual:
        both = flag_of(flag, name, usual[0])
        return f"where files have different names give both: {both}"
    if flag == "label" and not apart:
        return f"{APART}, or, to compare answers without any, leave --label out"
    if flag == "id":
        one = f"give --{flag} one of these, or, " * bool(free)
        return f"{one}where the rows of all files are in one order, write {TYPED}: {ROWS}"
    return f"give --{flag} one of these" if free else f"leave --{flag} out"


def _of_another(name: str, close: str) -> bool:
    """Whether a name that is close is no slip, since it differs in a whole word: ``gpt_score`` and
    ``mini_score``."""
    words, others = (plain(each).strip("_").split("_") for each in (name, close))
    mine, theirs = ([w for w in a if w not in b] for a, b in ((words, others), (others, words)))
    both = " ".join(mine), " ".join(theirs)
    return len(mine) < len(words) and not difflib.get_close_matches(both[0], both[1:])


def _probable(free: Sequence[str]) -> list[str]:
    """Columns that are called a probability: of two classes that have one each, the positive
    one's."""
    classes = [name.removeprefix(OURS) for name in free if name.startswith(OURS)]
    positive = positive_among(classes)
    if positive is not None:
        return [f"{OURS}{positive}"]
    return [] if classes else those_called(PROBABLE, free)
