"""Gives the columns that a person named the names that readers know.

This is done in one place, between the file and all that looks at its columns.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.absent import named_in, refuse_absent
from undertow.records.formats.columns.by_class.class_columns import (
    OURS,
    read_as_probabilities,
    read_note,
)
from undertow.records.formats.columns.by_class.largest import refuse_one_of_largest
from undertow.records.formats.columns.by_row import (
    by_row_note,
    goes_by_row,
    with_row_numbers,
)
from undertow.records.formats.columns.nested_slices import refuse_nested_slices
from undertow.records.formats.columns.part import part_of
from undertow.records.formats.columns.patterns import refuse_patterns
from undertow.records.formats.columns.predictions_named import (
    Predictions,
    as_members,
    predictions_named,
)
from undertow.records.formats.columns.several_answers.epochs import refuse_epochs
from undertow.records.formats.columns.several_answers.ranked import refuse_ranked
from undertow.records.formats.columns.within import is_there, with_fields
from undertow.records.reading import COLUMN_FLAGS, NO_ID, Reading, alternatives
from undertow.records.usual_names import flag_of


class Asked(NamedTuple):
    """A table with the names that readers know, notes on columns that gave way, and the names that
    its owner knows, by ours."""

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()
    names: Mapping[str, str] = {}


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
    wanted, taken = Predictions() if by_name else predictions_named(path, frame, reading)
    refuse_one_of_largest(path, frame, asked, wanted, reading)
    right = asked.get("label", "label" if "label" in frame.columns else None)
    refuse_ranked(path, frame, wanted, right)
    if reading.pick is None:
        _refuse_several_scores(path, named_in(frame, reading.score))
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
        frame = as_members(path, frame, wanted)
    if scored:
        # Those of the other models are neither answers nor slices.
        others = alternatives(reading.score)
        frame = frame.drop([name for name in others if name != reading.pick], strict=False)
    elif reading.pick is not None:
        names |= {} if "member" in frame.columns else {"prediction": reading.pick}
        frame = part_of(path, frame, reading.pick, given, asked)
    refuse_epochs(path, frame, names, reading.keys)
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


def _first(path: Path, frame: pl.DataFrame, flag: str, reading: Reading) -> str:
    given = getattr(reading, flag)
    found = next(iter(named_in(frame, given)), None)
    if found is None:
        refuse_absent(path, frame, flag, given, reading)
    return found


def _refuse_several_scores(path: Path, found: Sequence[str]) -> None:
    """Raises ``TableError`` where a file has several of the scores that were named: the first would
    stand on both sides, whichever of them was meant."""
    if len(found) > 1:
        first, second = (shlex.quote(f"{path}::{name}") for name in found[:2])
        raise TableError(
            f"{flag_of('score', *found)}: {path} has all of these columns; name one, or, if each "
            f"is of a model of its own, give a model on each side: {first} --against {second}"
        )


def _refuse_twice(asked: Iterable[tuple[str, str]]) -> None:
    flags: dict[str, str] = {}
    for flag, name in asked:
        other = flags.setdefault(name, flag)
        if other != flag:
            raise TableError(
                f"{flag_of(other, name)} and {flag_of(flag, name)}: one column cannot be both;"
                " leave one out"
            )


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
    ours = (name for name in names if name.startswith(OURS) and name != OURS)
    others = [name for name in ours if name not in wanted]
    return others if len(others) <= 2 else []
