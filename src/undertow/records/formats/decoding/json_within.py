"""One JSON object that holds the rows of a table under a key, or each under its id: refused with
the command that writes them as rows."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from undertow.errors import TableError
from undertow.records.usual_names import (
    ANSWER,
    BY_CLASS,
    ID,
    LABEL,
    PREDICTION,
    flag_of,
    those_called,
)

ANSWERS = (*PREDICTION, *LABEL)
Row = dict[str, Any]
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
        error = cls(f"{said}; write a line for each: {_command(made, flags, paths)}")
        error.said, error.made, error.flags = said, made, flags
        return error

    def of_all(self, paths: Sequence[Path]) -> RowsWithin:
        return self.of(self.said, self.made, self.flags, paths)


def refuse_rows_within(path: Path, found: Row) -> None:
    """Raises ``RowsWithin`` for one object that holds rows."""
    place = _place_of_rows(found)
    if place is not None:
        made, rows = "d", found
        for key in place:
            made, rows = f"{made}[{json.dumps(key)}]", rows[key]
        row = rows[0]  # type: ignore[index]
        said = f"its rows under the key {'.'.join(place)[:60]!r}"
    elif _are_by_id(found):
        first, row = next(iter(found.items()))
        row, made = {"example_id": first, **row}, '[{"example_id": k, **v} for k, v in d.items()]'
        said = f"each row under its id ({first[:60]!r} …)"
    else:
        return
    row, made = _flat(row, made)
    said = f"{path}: is one JSON object with {said}, and a table is read from rows"
    raise RowsWithin.of(said, made, _flags(row), [path])


def rows_file(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix('.gz').rsplit('.', 1)[0]}-rows.jsonl")


def _command(made: str, flags: Sequence[str], paths: Sequence[Path]) -> str:
    to = {path: rows_file(path) for path in dict.fromkeys(paths)}
    written = f'write_text("\\n".join(map(json.dumps, {made})))'
    if len(to) == 1:
        ((path, new),) = to.items()
        code = (
            f"import json, pathlib; d = json.loads(pathlib.Path({_typed(path)}).read_text()); "
            f"pathlib.Path({_typed(new)}).{written}"
        )
        given = [shlex.quote(str(new)), *flags]
        return f"python -c {shlex.quote(code)}, and give {' '.join(given)}"
    pairs = ", ".join(f"({_typed(path)}, {_typed(new)})" for path, new in to.items())
    code = (
        f"import json, pathlib; [pathlib.Path(b).{written} for a, b in [{pairs}] "
        "for d in [json.loads(pathlib.Path(a).read_text())]]"
    )
    given = [f"{shlex.quote(str(new))} for {shlex.quote(str(path))}" for path, new in to.items()]
    more = f", and add {' '.join(flags)}" if flags else ""
    return f"python -c {shlex.quote(code)}, and give {', '.join(given)}{more}"


def _typed(path: Path) -> str:
    return json.dumps(str(path))


def _flat(row: Row, made: str) -> tuple[Row, str]:
    """The same with a column for each class, and for an answer, where these are nested."""
    name = next((k for k in those_called(BY_CLASS, row) if _are_probabilities(row[k])), None)
    if name is not None:
        rest = {key: value for key, value in row.items() if key != name}
        typed = f'{{"p_" + c: p for c, p in r.pop({json.dumps(name)}).items()}}'
        row = {**{f"p_{c}": p for c, p in row[name].items()}, **rest}
        return row, f"[{{**{typed}, **r}} for r in {made}]"
    name = next((k for k in those_called(BY_CLASS, row) if _pair_of(row[k])), None)
    if name is not None:
        label, number = _pair_of(row[name])
        rest = {key: value for key, value in row.items() if key != name}
        typed = f'{{"p_" + c["{label}"]: c["{number}"] for c in r.pop({json.dumps(name)})}}'
        row = {**{f"p_{each[label]}": each[number] for each in row[name]}, **rest}
        return row, f"[{{**{typed}, **r}} for r in {made}]"
    for outer in those_called((*PREDICTION, *ANSWER), row):
        inner = those_called(ANSWERS, row[outer]) if isinstance(row[outer], dict) else []
        if inner and not isinstance(row[outer][inner[0]], dict | list):
            typed = f"r[{json.dumps(outer)}][{json.dumps(inner[0])}]"
            row = {**row, "prediction": row[outer][inner[0]]}
            return row, f'[{{**r, "prediction": {typed}}} for r in {made}]'
    return row, made


def _pair_of(value: Any) -> list[str]:
    """What objects in a list, one for each class, call the class and its probability."""
    if not isinstance(value, list) or len(value) < 2 or not isinstance(value[0], dict):
        return []
    texts = [k for k, v in value[0].items() if isinstance(v, str)]
    numbers = [k for k, v in value[0].items() if isinstance(v, float | int) and 0 <= v <= 1]
    alike = all(isinstance(each, dict) and each.keys() == value[0].keys() for each in value)
    plain = all(name.isidentifier() for name in (*texts, *numbers))
    return [*texts, *numbers] if alike and plain and len(texts) == len(numbers) == 1 else []


def _are_probabilities(value: Any) -> bool:
    numbers = list(value.values()) if isinstance(value, dict) else []
    return len(numbers) > 1 and all(isinstance(p, float | int) and 0 <= p <= 1 for p in numbers)


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
