"""Finds the pictures that inputs name, or ids where there are no inputs, whatever the format."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.pictures import PictureFolder, are_pictures
from undertow.records.reading import Reading
from undertow.records.records import Records

NONE_SHOWN = "no pictures are shown:"
"""Stands in the note on pictures that are not there, which is said before the audit too."""
LONGEST = 60


def with_pictures(records: Records, reading: Reading, called: str, place: Path) -> Records:
    """Returns the records with the folder that their pictures lie in, and a note that counts those
    that are not there.

    The folder is ``place`` unless another was asked for; ``called`` is the table's name. Raises
    ``TableError`` for a folder that was asked for and is none, or of which nothing is named.
    """
    if not reading.inputs or records.pictures is not None:
        return records
    asked = reading.pictures
    if asked is not None and not asked.is_dir():
        raise TableError(f"--pictures {asked}: there is no such folder; check the name")
    names = records.example_id_N if records.inputs is None else records.inputs
    if names.dtype != pl.String or not are_pictures(names):
        _refuse_nothing(asked, called)
        return records
    folder = PictureFolder(asked or place)
    lost = list(folder.missing(names.drop_nulls()))
    if len(lost) == names.count():
        if records.inputs is None and asked is None:
            return records  # Ids that only look like files.
        noted = _noted(records, (_none_there(called, lost[0], folder.root),))
    else:
        noted = _noted(records, (_about(lost, names),) if lost else ())
    return replace(noted, inputs=names.alias("input"), pictures=folder)


def _refuse_nothing(asked: Path | None, called: str) -> None:
    if asked is not None:
        raise TableError(
            f"--pictures {asked}: {called} names no files of pictures; say in which column they "
            "are: --input COLUMN"
        )


def _noted(records: Records, said: tuple[str, ...]) -> Records:
    notes = {"notes": (*records.manifest.notes, *said)}
    return replace(records, manifest=records.manifest.model_copy(update=notes))


def _none_there(called: str, first: str, root: Path) -> str:
    name = first[:LONGEST]
    add = (
        f"--pictures {shlex.quote(os.path.dirname(first))}"
        if os.path.isabs(first)
        else f"--pictures FOLDER, where {f'FOLDER/{name}'!r} is one"
    )
    return f"{called}: {NONE_SHOWN} {name!r} and the like are not in {str(root)!r}; add {add}."


def _about(lost: list[str], names: pl.Series) -> str:
    return (
        f"{len(lost):,} of {names.count():,} pictures are not in their folder, first {lost[0]!r}; "
        "their names are shown (--pictures FOLDER is where they lie)."
    )
