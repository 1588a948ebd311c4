"""Rows of JSON, an array of objects or an object a line: told by the beginning of a text, and
refused where an object has one key twice."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any, Literal

from undertow.errors import TableError
from undertow.records.usual_names import ID, LABEL, PREDICTION, flag_of, those_called

ANSWERS = (*PREDICTION, *LABEL)
JsonKind = Literal["JSON lines", "JSON array"]


def rows_kind(text: str) -> JsonKind | None:
    """What kind of rows begins here; ``None`` for one object alone, such as settings."""
    if text.startswith("["):
        return "JSON array" if text[1:].lstrip().startswith("{") else None
    first, end = _first(text)
    another = text[end:].lstrip(" \t\r").startswith("\n") and text[end:].lstrip().startswith("{")
    return "JSON lines" if first is not None and another else None


def first_row(text: str) -> dict[str, Any]:
    """The first object of the rows, empty where there is none."""
    return _first(text.lstrip("[ \t\r\n"))[0] or {}


def _first(text: str) -> tuple[dict[str, Any] | None, int]:
    if not text.startswith("{"):
        return None, 0
    try:
        found, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None, 0
    return found, end


def decoded(source: str, text: str) -> Any:
    """The value of ``text``. Raises ``TableError`` where an object has one key twice: parsers
    disagree about which of the two holds."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise TableError(
                f"{source}: has the key {twice[:60]!r} twice in one object; keep the one that holds"
            )
        return found

    return json.loads(text, object_pairs_hook=once)


def refuse_repeated_keys(path: Path, text: str) -> None:
    """The same for each line. What is wrong otherwise is said by who reads the values."""
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            decoded(f"{path}: line {number}", line)
        except (ValueError, RecursionError):
            continue


def _refuse_rows_within(path: Path, found: dict[str, Any]) -> None:
    """Raises ``TableError`` for one object that holds the rows under a key, or each row under its
    id, with the command that writes them as rows and what to give then."""
    several = [key for key in found if _are_rows(found, key)]
    if len(several) == 1:
        row, made = found[several[0]][0], f"d[{json.dumps(several[0])}]"
        said = f"its rows under the key {several[0][:60]!r}"
    elif _are_by_id(found):
        first, row = next(iter(found.items()))
        row, made = {"example_id": first, **row}, '[{"example_id": k, **v} for k, v in d.items()]'
        said = f"each row under its id ({first[:60]!r} …)"
    else:
        return
    code = (
        f"import json, pathlib; d = json.loads(pathlib.Path({json.dumps(str(path))}).read_text()); "
        f"pathlib.Path({json.dumps(str(_to(path)))}).write_text("
        f'"\\n".join(map(json.dumps, {made})))'
    )
    flags = " ".join([shlex.quote(str(_to(path))), *_flags(row)])
    raise TableError(
        f"{path}: is one JSON object with {said}, and a table is read from rows; write a line for "
        f"each: python -c {shlex.quote(code)}, and give {flags}"
    )


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


def _to(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix('.gz').rsplit('.', 1)[0]}-rows.jsonl")


def refuse_by_column(path: Path, text: str) -> None:
    """Raises ``TableError`` for one object that holds the values of each column, as pandas writes a
    table where it is not told otherwise, or rows somewhere within."""
    text = text.strip()
    found, end = _first(text)
    if not found or end < len(text):
        return
    _refuse_rows_within(path, found)
    if len(found) < 2:
        return
    kinds = {type(values) for values in found.values()}
    sizes = {len(values) for values in found.values() if isinstance(values, list | dict)}
    if len(kinds) > 1 or not kinds & {list, dict} or len(sizes) > 1:
        return
    made = "d" if kinds == {list} else "{c: list(v.values()) for c, v in d.items()}"
    to = _to(path)
    code = (
        f"import json, polars as pl; d = json.load(open({json.dumps(str(path))})); "
        f"pl.DataFrame({made}).write_ndjson({json.dumps(str(to))})"
    )
    raise TableError(
        f"{path}: is one JSON object of columns ({', '.join(map(repr, [*found][:3]))} …), and a "
        f"table is read from rows; write an object for each example: python -c {shlex.quote(code)}"
    )
