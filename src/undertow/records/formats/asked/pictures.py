"""Finds the pictures that inputs name, or ids where there are no inputs, whatever the format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.pictures import PictureFolder, are_pictures
from undertow.records.reading import Reading
from undertow.records.records import Records


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
    if records.inputs is None and asked is None and len(lost) == names.count():
        return records  # Ids that only look like files.
    notes = records.manifest.notes + ((_about(lost, names),) if lost else ())
    manifest = records.manifest.model_copy(update={"notes": notes})
    return replace(records, inputs=names.alias("input"), pictures=folder, manifest=manifest)


def _refuse_nothing(asked: Path | None, called: str) -> None:
    if asked is not None:
        raise TableError(
            f"--pictures {asked}: {called} names no files of pictures; say in which column they "
            "are: --input COLUMN"
        )


def _about(lost: list[str], names: pl.Series) -> str:
    return (
        f"{len(lost):,} of {names.count():,} pictures are not in their folder, first {lost[0]!r}; "
        "their names are shown (--pictures FOLDER is where they lie)."
    )
