"""A side of a comparison that is in memory: its data frames go the way of plain tables.

A frame has no file, so messages and notes call it what its owner does: ``old``, ``new[1]``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from undertow.errors import TableError, UserError
from undertow.records.formats import graded, table
from undertow.records.formats.asked.options import refuse_unused
from undertow.records.formats.asked.pictures import with_pictures
from undertow.records.formats.columns.asked import names_asked
from undertow.records.formats.detect import as_wanted, heeded, what_was_read
from undertow.records.formats.members.names import file_name
from undertow.records.naming import free_name, named
from undertow.records.reading import Reading
from undertow.records.records import Records


@dataclass(frozen=True, eq=False)
class Frames:
    """The members of one side, a table for each or for several.

    ``called`` is what messages call each table. ``labels`` is a table of right answers, joined by
    ``example_id``, which goes before the labels that the tables bring. ``kind`` says in words
    what was given, and ``notes`` are said of the records.
    """

    name: str
    called: tuple[str, ...]
    tables: tuple[pl.DataFrame, ...]
    labels: pl.DataFrame | None = None
    notes: tuple[str, ...] = ()
    kind: str = "table in memory"

    @property
    def paths(self) -> list[Path]:
        """Stands where messages name files. Nothing is opened under these names."""
        return [Path(name) for name in self.called]

    @property
    def given(self) -> list[tuple[str, pl.DataFrame]]:
        """Each table with what messages call it."""
        return list(zip(self.called, self.tables, strict=True))

    @property
    def numbered(self) -> bool:
        """Whether these are arrays, whose rows have numbers for names; the notes say so."""
        return bool(self.notes)

    def apart(self, records: Records, taken: set[str]) -> Records:
        """Under a name that no other side has."""
        return named(records, free_name(taken)) if records.name in taken else records


def read_frames(side: Frames, reading: Reading) -> tuple[Records, str]:
    """One population, and a line on what was found. Raises ``UserError``, one line."""
    _refuse_empty(side)
    given = list(zip(side.paths, _members(side), side.tables, strict=True))
    reading = reading.named(side.name)
    if _are_graded(side, reading):
        refuse_unused(graded.NAME, heeded(graded), reading)
        records = as_wanted(graded.read_frames(given, reading, side.labels), graded, reading)
    else:
        made = table.read_frames(given, reading, side.labels, numbered=side.numbered)
        records = as_wanted(made, table, reading)
    records = with_pictures(records, reading, side.called[0], Path.cwd())
    records = _noted(records, side.notes)
    more = f" and {len(side.tables) - 1} more" if len(side.tables) > 1 else ""
    kind = f"graded {side.kind}" if records.answers is not None else side.kind
    return records, f"{side.called[0]}{more}: {kind}: {what_was_read(records)}"


def _noted(records: Records, notes: tuple[str, ...]) -> Records:
    said = {"notes": (*notes, *records.manifest.notes)}
    return replace(records, manifest=records.manifest.model_copy(update=said))


def _members(side: Frames) -> list[str]:
    if len(side.tables) == 1:
        return [file_name(side.name)]
    return [file_name(f"{side.name}-{m}") for m in range(len(side.tables))]


def _are_graded(side: Frames, reading: Reading) -> bool:
    """Whether the tables hold outcomes and no classes; those of one side are of one kind."""
    kinds = [
        outcome is not None
        for t in side.tables
        for outcome in [graded.outcome_in(names_asked(frozenset(t.columns), reading))]
    ]
    if len(set(kinds)) > 1:
        grades, classes = side.called[kinds.index(True)], side.called[kinds.index(False)]
        raise UserError(
            f"{grades} has scores and no predictions, {classes} has not: the members of one side "
            "are of one kind; give them the same columns"
        )
    return kinds[0]


def _refuse_empty(side: Frames) -> None:
    for called, frame in zip(side.called, side.tables, strict=True):
        if not frame.height:
            raise TableError(f"{called}: has no rows; give one row per example")
