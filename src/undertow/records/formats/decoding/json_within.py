"""One JSON object that holds the rows of a table under a key, or each under its id: refused with
the command that writes them as rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from undertow.errors import TableError
from undertow.records.formats.decoding.new_files import python_text
from undertow.records.formats.decoding.rows_typed import ANSWERS, Row, flat, rows_typed
from undertow.records.usual_names import (
    ID,
    LABEL,
    PREDICTION,
    flag_of,
    those_called,
)

KEY = "example_id"
DEEP, MOST_INNER = 3, 24
"""How far down rows are looked for, and among how many objects: more are rows themselves."""


class RowsWithin(TableError):
    """``made`` is what a person types for the rows of the object ``d``, and ``flags`` what their
    columns are called."""

    said: str
    made: str
    flags: list[str]

    @classmethod
    def of(cls, said: str, made: str, flags: list[str], paths: Sequence[Path]) -> RowsWithin:
        """With what to type for these files, which are all made alike."""
        error = cls(f"{said}; write a line for each: {rows_typed(made, flags, paths)}")
        error.said, error.made, error.flags = said, made, flags
        return error

    def of_all(self, paths: Sequence[Path]) -> RowsWithin:
        return self.of(self.said, self.made, self.flags, paths)


def refuse_rows_within(path: Path, found: Row) -> None:
    """Raises ``RowsWithin`` for one object that holds rows."""
    place = _place_of_rows(found)
    if place is not None:
        made, held = "d", found
        for key in place:
            made, held = f"{made}[{python_text(key)}]", held[key]
        rows: list[Row] = held  # type: ignore[assignment]
        said = f"its rows under the key {'.'.join(place)[:60]!r}"
    elif _are_by_id(found):
        first = next(iter(found))
        # What an object stands under tells it apart, whatever it calls its own id.
        own = any(KEY in row for row in found.values())
        made = '**v, "example_id": k' if own else '"example_id": k, **v'
        made = f"[{{{made}}} for k, v in d.items()]"
        rows = [{KEY: k, **row, **({KEY: k} if own else {})} for k, row in found.items()]
        said = f"each row under its id ({first[:60]!r} …)"
    else:
        return
    row, made = flat(rows, made)
    said = f"{path}: is one JSON object with {said}, and a table is read from rows"
    raise RowsWithin.of(said, made, _flags(row), [path])


def _place_of_rows(found: Row, deep: int = DEEP) -> list[str] | None:
    """The keys that lead to the rows: of several lists to the one whose objects name an answer."""
    several = [key for key in found if _are_rows(found, key)]
    if len(several) > 1:
        several = [key for key in several if those_called(ANSWERS, found[key][0])]
    if len(several) == 1:
        return several
    inner = [(key, value) for key, value in found.items() if isinstance(value, dict)]
    if several or not deep or len(inner) > MOST_INNER:
        return None
    places = [(key, _place_of_rows(value, deep - 1)) for key, value in inner]
    known = [[key, *place] for key, place in places if place is not None]
    return known[0] if len(known) == 1 else None


def _are_rows(found: dict[str, Any], key: str) -> bool:
    """Whether examples stand under a key; an example itself may hold messages of a chat."""
    rows = found[key]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return False
    named = those_called((*ID, *ANSWERS), rows[0])
    return bool(named) and not those_called(ANSWERS, found.keys() - {key})


def _are_by_id(found: dict[str, Any]) -> bool:
    """Whether each value is an object that names an answer; columns are called so themselves."""
    if not all(isinstance(row, dict) for row in found.values()) or those_called(ANSWERS, found):
        return False
    return all(those_called(ANSWERS, row) for row in found.values())


def _flags(row: dict[str, Any]) -> list[str]:
    """What columns of other names are called, as far as their names tell."""
    flags, taken = [], set[str]()
    for flag, usual in (("id", ID), ("prediction", PREDICTION), ("label", LABEL)):
        name = next((c for c in those_called(usual, row) if c not in taken), None)
        if name is not None:
            taken.add(name)
            flags += (
                [] if name == usual[0] or isinstance(row[name], dict) else [flag_of(flag, name)]
            )
    return flags
