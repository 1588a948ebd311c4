"""Takes the model that stands after ``::``: the rows of a member, or a column as predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.between import between
from undertow.records.formats.columns.choices import choices
from undertow.records.formats.columns.flags import flags_meant
from undertow.records.formats.columns.meant import key_meant
from undertow.records.formats.columns.models_meant import member_holding, models_meant, never_models
from undertow.records.reading import COLUMN_FLAGS
from undertow.records.usual_names import MOST_SHOWN, flag_of, has_columns


def part_of(
    path: Path, frame: pl.DataFrame, pick: str, given: pl.DataFrame, asked: Mapping[str, str]
) -> pl.DataFrame:
    """The part ``pick`` as predictions. ``given`` is the table before the columns that were
    ``asked`` for, by flag, got the names that readers know. Raises ``TableError``."""
    if "member" in frame.columns:
        return _rows_of(path, frame, pick)
    flag = next((flag for flag, name in asked.items() if name == pick), None)
    if pick == "example_id" or flag is not None:
        why = "names the examples" if flag is None else f"is given as {flag_of(flag, pick)}"
        raise TableError(
            f"{path}::{pick}: column {pick!r} {why}, so it holds no predictions; "
            f"{_choose(path, _models(frame, given, asked))}"
        )
    if pick not in frame.columns:
        _refuse(path, frame, pick, given, asked)
    if pick == "prediction":
        return frame
    return frame.drop("prediction", strict=False).rename({pick: "prediction"})


def _rows_of(path: Path, frame: pl.DataFrame, pick: str) -> pl.DataFrame:
    member = frame["member"].cast(pl.String)
    kept = frame.filter(member == pick).drop("member")
    if not kept.height:
        choices = sorted(member.drop_nulls().unique().to_list())
        raise TableError(f"{path}: has no member {pick!r}; {_choose(path, choices)}")
    return kept


def _refuse(
    path: Path, frame: pl.DataFrame, pick: str, given: pl.DataFrame, asked: Mapping[str, str]
) -> NoReturn:
    what = f"{path}: has no column {pick!r} to take for predictions; {has_columns(given.columns)}"
    member = member_holding(frame, pick)
    if member is None:
        raise TableError(f"{what}; {_choose(path, _models(frame, given, asked))}")
    flags, wanted = flags_meant(frame), flag_of("member", member)
    if wanted not in flags:
        flags = f"{wanted} {_of_one(frame, member, pick)}".strip()
    raise TableError(f"{what}; {'add' if asked else 'name its columns with'} {flags}")


def _of_one(frame: pl.DataFrame, member: str, pick: str) -> str:
    """The flags for the rows of one model; those of the others tell what is the same for all."""
    parts = frame.partition_by(member)
    mine = next(part for part in parts if str(part[member][0]) == pick).drop(member)
    others = [part.drop(member) for part in parts if str(part[member][0]) != pick]
    sides = between(mine, others, key_meant(mine))
    flags = flags_meant(mine, sides)
    return f"{flags}{choices(mine, flags, sides)}"


def _models(frame: pl.DataFrame, given: pl.DataFrame, asked: Mapping[str, str]) -> Sequence[str]:
    """Columns of answers as the file calls them, else all that are not taken for something else."""
    called = {COLUMN_FLAGS.get(flag, flag): name for flag, name in asked.items()}
    models = [called.get(name, name) for name in models_meant(frame)]
    if len(models) > 1:
        return models
    taken = never_models(given) | {name for flag, name in asked.items() if flag != "prediction"}
    return [name for name in given.columns if name not in taken] or given.columns


def _choose(path: Path, choices: Sequence[str]) -> str:
    return "choose one of " + ", ".join(f"{path}::{name}" for name in choices[:MOST_SHOWN])
