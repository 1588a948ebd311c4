"""Finds the columns of predictions that a person named: one, one of several names, or several,
which are members."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.absent import refuse_absent
from undertow.records.formats.columns.by_class.class_columns import OURS
from undertow.records.formats.columns.either_name import takes_note
from undertow.records.reading import Reading
from undertow.records.usual_names import flag_of


class Predictions(NamedTuple):
    """Columns of predictions, and a note where a file has one of several names."""

    columns: Sequence[str] = ()
    notes: tuple[str, ...] = ()


def predictions_named(path: Path, frame: pl.DataFrame, reading: Reading) -> Predictions:
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
    return Predictions(found, (takes_note(path, found[0], absent),) if absent else ())


def as_members(path: Path, frame: pl.DataFrame, wanted: Sequence[str]) -> pl.DataFrame:
    """Rows of several members from one column for each."""
    if "member" in frame.columns:
        raise TableError(
            f"{flag_of('prediction', *wanted)}: {path} has a column 'member' too, so one column of"
            f" predictions is enough: {flag_of('prediction', wanted[0])}"
        )
    of_one = [c for c in frame.columns if c == "score" or c.startswith(OURS)]
    shared = frame.drop({*wanted, *of_one, "prediction"}, strict=False)
    parts = [
        shared.with_columns(frame[name].alias("prediction"), pl.lit(name).alias("member"))
        for name in wanted
    ]
    return pl.concat(parts, how="vertical_relaxed")
