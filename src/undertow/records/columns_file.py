"""A table of numbers by id where a population folder was asked for: how its columns are had."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from undertow.errors import UserError
from undertow.records.formats.columns.scaling import joined
from undertow.records.formats.decoding.tables import column_names, parse
from undertow.records.usual_names import ID, plain

MEANT = (
    "is a file, and a folder is meant that holds a population of models (of undertow train or "
    "undertow convert)"
)


def refuse_columns_file(given: Path, tables: Sequence[Path], keys: tuple[str, ...]) -> None:
    """Raises ``UserError`` where ``given`` is a file. Of a table it says how its columns come to
    the first of ``tables``, which are the predictions of a side. ``keys`` are names of their
    ids."""
    if not os.path.isfile(given):
        return
    said = f"--columns-from {given}: {MEANT}"
    first = next((path for path in tables if os.path.isfile(path)), None)
    key = None if first is None else _key(first, keys)
    own = _key(given, (*keys, *ID))
    if first is None or key is None or own is None:
        raise UserError(f"{said}; write its columns into the table of predictions, by id")
    there = column_names(first, keys)
    new = [name for name in parse(given, (own,)).columns if name not in (own, key, *there)]
    if not new:
        raise UserError(f"{said}; {first} has all of its columns: leave --columns-from out")
    command, to = joined(first, key, given, own, new)
    raise UserError(
        f"{said}; write its columns into the predictions: {command}, and give {to} in place of "
        f"{first}, and no --columns-from"
    )


def _key(path: Path, keys: Sequence[str]) -> str | None:
    """The column of ids, by the first of these names that the table has."""
    names = column_names(path, tuple(keys))
    exact = next((key for key in keys if key in names), None)
    return exact or next((name for key in keys for name in names if plain(name) == key), None)
