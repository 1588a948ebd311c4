"""Gives the columns that a person named the names that readers know.

This is done in one place, between the file and all that looks at its columns.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple, NoReturn

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.by_row import (
    ROWS,
    TYPED,
    by_row_note,
    goes_by_row,
    with_row_numbers,
)
from undertow.records.formats.columns.class_columns import read_as_probabilities, read_note
from undertow.records.formats.columns.either_name import takes_note
from undertow.records.formats.columns.largest import refuse_one_of_largest
from undertow.records.formats.columns.nested import called_within
from undertow.records.formats.columns.nested_slices import refuse_nested_slices
from undertow.records.formats.columns.part import part_of
from undertow.records.formats.columns.patterns import refuse_patterns
from undertow.records.formats.columns.values import positive_among
from undertow.records.formats.columns.within import is_there, with_fields
from undertow.records.reading import COLUMN_FLAGS, NO_ID, Reading, alternatives
from undertow.records.usual_names import (
    PROBABLE,
    USUAL,
    flag_of,
    has_columns,
    plain,
    those_called,
)

ANSWERS = ("score", "p_")
APART = "if right answers are in a file of their own, add --labels FILE"


class Asked(NamedTuple):
    """A table with the names that readers know, notes on columns that gave way, and the names that
    its owner knows, by ours."""

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()
    names: Mapping[str, str] = {}


class _Predictions(NamedTuple):
    """Columns of predictions, and a note where a file has one of several names."""

    columns: Sequence[str] = ()
    notes: tuple[str, ...] = ()


def as_asked(path: Path, frame: pl.DataFrame, reading: Reading, *, labelled: bool = False) -> Asked:
    """Renames what ``reading`` names, and takes the part that stands after ``::``.

    Several columns of predictions become rows of several members. A column that stands after ``::``
    goes before them. Where examples are ``labelled`` apart, the column of right answers may be
    there alone. Raises ``TableError`` for a column or part that is not there.
    """
    frame = with_fields(frame, reading)
    refuse_patterns(path, frame.columns)
    refuse_nested_slices(path, frame, reading)
    flags = {flag: name for flag in COLUMN_FLAGS if (name := getattr(reading, flag)) is not None}
    if labelled and not named_in(frame, reading.label):
        flags.pop("label", None)
    by_row = goes_by_row(frame, reading)
    if by_row:
        flags.pop("id")
    asked = {flag: _first(path, frame, flag, reading) for flag in flags}
    scored = _picks_a_score(reading)
    if scored and reading.pick is not None and reading.pick in frame.columns:
        asked["score"] = reading.pick
    chosen = reading.pick is not None and reading.pick in frame.columns
    by_member = "member" in asked or "member" in frame.columns
    by_name = chosen and not by_member
    wanted, taken = _Predictions() if by_name else _predictions(path, frame, reading)
    refuse_one_of_largest(path, frame, asked, wanted, reading)
    if len(wanted) == 1:
        asked["prediction"] = wanted[0]
    _refuse_twice([*asked.items(), *(("prediction", name) for name in wanted)])
    names = {COLUMN_FLAGS.get(flag, flag): name for flag, name in asked.items()}
    if wanted:
        names["prediction"] = wanted[0]
    given = frame
    frame, notes = _renamed(path, frame, asked)
    notes += taken
    if by_row:
        frame = with_row_numbers(frame, "member" if "member" in frame.columns else None)
        notes += (by_row_note(path),)
    if "score" in asked:
        asked_for = {*wanted, *reading.wanted, *([] if reading.pick is None else [reading.pick])}
        frame, notes = _scored_alone(path, frame, notes, asked_for)
    # Those beside several models are of one of them, and nobody says of which.
    if len(wanted) <= 1 and not chosen:
        frame, notes, names = _with_classes(path, frame, notes, names, reading)
    if len(wanted) > 1:
        frame = _long(path, frame, wanted)
    if scored:
        # Those of the other models are neither answers nor slices.
        others = alternatives(reading.score)
        frame = frame.drop([name for name in others if name != reading.pick], strict=False)
    elif reading.pick is not None:
        names |= {} if "member" in frame.columns else {"prediction": reading.pick}
        frame = part_of(path, frame, reading.pick, given, asked)
    return Asked(frame, notes, names)


def _with_classes(
    path: Path,
    frame: pl.DataFrame,
    notes: tuple[str, ...],
    names: dict[str, str],
    reading: Reading,
) -> tuple[pl.DataFrame, tuple[str, ...], dict[str, str]]:
    """With probabilities of classes under the names that readers know."""
    found = read_as_probabilities(frame, reading.wanted)
    if not found:
        return frame, notes, names
    ours = {new: old for old, new in found.items()}
    return frame.rename(found), (*notes, read_note(str(path), [*found])), {**names, **ours}


def names_asked(names: frozenset[str], reading: Reading) -> frozenset[str]:
    """The names of columns after ``as_asked``; for sniffing."""
    said = {new: alternatives(getattr(reading, flag)) for flag, new in COLUMN_FLAGS.items()}
    made = {
        new: next((name for name in given if is_there(name, names)), None)
        for new, given in said.items()
    }
    found = {new for new, old in made.items() if old is not None}
    found |= {"example_id"} if reading.id == NO_ID else set()
    predicts = bool(reading.prediction) or (
        reading.pick is not None and is_there(reading.pick, names) and not _picks_a_score(reading)
    )
    rest = names - set(made.values())
    rest -= {*_beside_score(rest, reading.wanted)} if "score" in found else frozenset()
    return rest | found | ({"prediction"} if predicts else frozenset())


def _picks_a_score(reading: Reading) -> bool:
    """Whether what stands after ``::`` is one of the columns that ``--score`` names: of one table
    with a column of scores for each model."""
    return reading.pick is not None and reading.pick in alternatives(reading.score)


def named_in(frame: pl.DataFrame, given: str | None) -> list[str]:
    """The columns of this file among those that were named for one flag."""
    return [name for name in alternatives(given) if name in frame.columns]


def _first(path: Path, frame: pl.DataFrame, flag: str, reading: Reading) -> str:
    given = getattr(reading, flag)
    found = next(iter(named_in(frame, given)), None)
    if found is None:
        refuse_absent(path, frame, flag, given, reading)
    return found


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
    if close and not (usual and (within is not None or plain(name) in USUAL[flag])):
        return f"did you mean {flag_of(flag, close[0])}"
    if usual:
        both = flag_of(flag, name, usual[0])
        return f"where files have different names give both: {both}"
    if flag == "label" and not apart:
        return f"{APART}, or, to compare answers without any, leave --label out"
    if flag == "id":
        one = f"give --{flag} one of these, or, " * bool(free)
        return f"{one}where the rows of all files are in one order, write {TYPED}: {ROWS}"
    return f"give --{flag} one of these" if free else f"leave --{flag} out"


def _probable(free: Sequence[str]) -> list[str]:
    """Columns that are called a probability: of two classes that have one each, the positive
    one's."""
    classes = [name.removeprefix(ANSWERS[1]) for name in free if name.startswith(ANSWERS[1])]
    positive = positive_among(classes)
    if positive is not None:
        return [f"{ANSWERS[1]}{positive}"]
    return [] if classes else those_called(PROBABLE, free)


def _refuse_twice(asked: Iterable[tuple[str, str]]) -> None:
    flags: dict[str, str] = {}
    for flag, name in asked:
        other = flags.setdefault(name, flag)
        if other != flag:
            raise TableError(
                f"{flag_of(other, name)} and {flag_of(flag, name)}: one column cannot be both;"
                " leave one out"
            )


def _predictions(path: Path, frame: pl.DataFrame, reading: Reading) -> _Predictions:
    """The columns of predictions: by name, as names with commas between, or as a pattern."""
    found, absent = list[str](), list[str]()
    for given in reading.prediction:
        for name in [given] if given in frame.columns else given.split(","):
            name = name if name in frame.columns else name.strip()
            fitting = [c for c in frame.columns if fnmatchcase(c, name)]
            absent += [] if fitting or name in frame.columns else [name]
            found += [name] if name in frame.columns else fitting
    found = list(dict.fromkeys(found))
    if absent and len(found) != 1:
        slips = (name for name in absent if difflib.get_close_matches(name, frame.columns, n=1))
        refuse_absent(path, frame, "prediction", next(slips, absent[0]), reading)
    return _Predictions(found, (takes_note(path, found[0], absent),) if absent else ())


def _renamed(
    path: Path, frame: pl.DataFrame, asked: dict[str, str]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Renames; a column that has the usual name already gives way to the one that was asked for."""
    to = {name: COLUMN_FLAGS.get(flag, flag) for flag, name in asked.items()}
    gone = [new for old, new in to.items() if new != old and new in frame.columns and new not in to]
    notes = tuple(f"{path}: column {name!r} is not used, as another was named." for name in gone)
    return frame.drop(gone).rename(to), notes


def _scored_alone(
    path: Path, frame: pl.DataFrame, notes: tuple[str, ...], wanted: Collection[str]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Without one or two columns ``p_<class>`` beside the score that was named: it is what says how
    likely the positive of two classes is. Those that are ``wanted`` as something else stay."""
    others = _beside_score(frame.columns, wanted)
    said = (f"{path}: column {name!r} is not used, as another was named." for name in others)
    return frame.drop(others), (*notes, *said)


def _beside_score(names: Iterable[str], wanted: Collection[str]) -> list[str]:
    """Columns of probabilities that give way to a score; those of three and more classes stay."""
    ours = (name for name in names if name.startswith(ANSWERS[1]) and name != ANSWERS[1])
    others = [name for name in ours if name not in wanted]
    return others if len(others) <= 2 else []


def _long(path: Path, frame: pl.DataFrame, wanted: Sequence[str]) -> pl.DataFrame:
    """Rows of several members from one column for each."""
    if "member" in frame.columns:
        raise TableError(
            f"{flag_of('prediction', *wanted)}: {path} has a column 'member' too, so one column of"
            f" predictions is enough: {flag_of('prediction', wanted[0])}"
        )
    of_one = [c for c in frame.columns if c == ANSWERS[0] or c.startswith(ANSWERS[1])]
    shared = frame.drop({*wanted, *of_one, "prediction"}, strict=False)
    parts = [
        shared.with_columns(frame[name].alias("prediction"), pl.lit(name).alias("member"))
        for name in wanted
    ]
    return pl.concat(parts, how="vertical_relaxed")
