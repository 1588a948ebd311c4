"""Reads plain tables to the sheets of members, with the columns as a person named them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.asked import Asked, as_asked
from undertow.records.formats.columns.by_row import BY_ROW_ALONE, refuse_other_heights
from undertow.records.formats.decoding.tables import parse
from undertow.records.formats.members.join import Sheet, probability_columns
from undertow.records.formats.members.names import file_name, member_names
from undertow.records.formats.predictions.columns import clean
from undertow.records.reading import Reading


class Table(NamedTuple):
    """One file, or the part of one that was asked for, under the name of its member."""

    path: Path
    member: str
    asked: Asked


def tables_in(paths: Sequence[Path], reading: Reading) -> list[Table]:
    """Every table in the order of the paths. A file that stands there several times is read
    once."""
    parsed = {path: parse(path, reading.keys) for path in dict.fromkeys(paths)}
    labelled = reading.labels is not None
    picks, names = reading.picks_of(paths), _member_names(paths, reading)
    return _of_one_height(
        [
            Table(
                path, name, as_asked(path, parsed[path], reading.picking(pick), labelled=labelled)
            )
            for path, pick, name in zip(paths, picks, names, strict=True)
        ]
    )


def tables_of(
    frames: Iterable[tuple[Path, str, pl.DataFrame]], reading: Reading, *, labelled: bool = False
) -> list[Table]:
    """The same of frames in memory, each after what messages call it and the name of its member.

    ``labelled``: right answers come in a table of their own.
    """
    labelled = labelled or reading.labels is not None
    return _of_one_height(
        [
            Table(path, name, as_asked(path, frame, reading, labelled=labelled))
            for path, name, frame in frames
        ]
    )


def _of_one_height(tables: list[Table]) -> list[Table]:
    """Raises ``TableError`` for tables that go by row and have other numbers of rows."""
    if any(BY_ROW_ALONE in note for table in tables for note in table.asked.notes):
        refuse_other_heights(
            [(str(t.path), t.asked.frame["example_id"].n_unique()) for t in tables]
        )
    return tables


def sheets_of(
    tables: Sequence[Table],
    *,
    predict: bool = True,
    right: Path | pl.DataFrame | None = None,
) -> tuple[list[Sheet], list[str]]:
    """Every member's rows, cleaned, in the order of the tables, and notes. Without ``predict``
    they need no column of predictions. ``right`` is a table of right answers apart."""
    sheets: list[Sheet] = []
    notes: list[str] = []
    for table in tables:
        asked = table.asked
        frame, unused = clean(table.path, asked.frame, asked.names, predicts=predict, right=right)
        notes += [*table.asked.notes, *unused]
        sheets += _split(table, frame)
    taken: set[str] = set()
    for sheet in sheets:
        if sheet.member in taken:
            raise TableError(
                f"{sheet.source}: member {sheet.member!r} is also in another file; give each member"
                " a name of its own"
            )
        taken.add(sheet.member)
    return sheets, notes


def _member_names(paths: Sequence[Path], reading: Reading) -> list[str]:
    """The names of the files; of several parts of one file those of the parts."""
    files = list(dict.fromkeys(paths))
    stems = dict(zip(files, member_names(files), strict=True))
    if not reading.picks:
        return [stems[path] for path in paths]
    return [
        stems[path]
        if pick is None
        else file_name(pick if len(files) == 1 else f"{stems[path]}-{pick}")
        for path, pick in zip(paths, reading.picks, strict=True)
    ]


def _split(table: Table, frame: pl.DataFrame) -> list[Sheet]:
    """One sheet per value of ``member``, else one for the file."""
    path, names = table.path, table.asked.names
    if "member" not in frame.columns:
        return [Sheet(table.member, str(path), _known(frame), names)]
    nameless = frame["member"].null_count()
    if nameless:
        raise TableError(
            f"{path}: {nameless} of {frame.height} rows have no {names.get('member', 'member')};"
            " fill them in"
        )
    parts = frame.partition_by("member", maintain_order=True)
    members = [file_name(part["member"][0]) for part in parts]
    several = len(parts) > 1
    return [
        Sheet(
            name,
            f"{path} (member {name})" if several else str(path),
            _known(part.drop("member")),
            names,
        )
        for name, part in zip(members, parts, strict=True)
    ]


def _known(frame: pl.DataFrame) -> pl.DataFrame:
    """Without probability columns of which this member has nothing."""
    own = {"score", *probability_columns(frame)}
    return frame.drop([c.name for c in frame if c.name in own and c.null_count() == frame.height])
