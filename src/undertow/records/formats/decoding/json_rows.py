"""Rows of JSON, an array of objects or an object a line: told by the beginning of a text, and
refused where an object has one key twice."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any, Literal

from undertow.errors import TableError
from undertow.records.formats.decoding.json_within import refuse_rows_within
from undertow.records.formats.decoding.new_files import python_text, written_for
from undertow.records.formats.decoding.rows_typed import GZ, ROWS

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


def refuse_by_column(path: Path, text: str) -> None:
    """Raises ``TableError`` for one object that holds the values of each column, as pandas writes a
    table where it is not told otherwise, or rows somewhere within."""
    text = text.strip()
    found, end = _first(text)
    if not found or end < len(text):
        return
    try:
        refuse_rows_within(path, found)
        _refuse_columns(path, found)
    except TableError:
        decoded(str(path), text)  # What is written would keep one of two values without a word.
        raise


def _refuse_columns(path: Path, found: dict[str, Any]) -> None:
    if len(found) < 2:
        return
    kinds = {type(values) for values in found.values()}
    sizes = {len(values) for values in found.values() if isinstance(values, list | dict)}
    if len(kinds) > 1 or not kinds & {list, dict} or len(sizes) > 1:
        return
    made = "d" if kinds == {list} else "{c: list(v.values()) for c, v in d.items()}"
    to = written_for([path], ROWS)[path]
    given = shlex.quote(str(to))
    packed = path.suffix == GZ
    imports, opened = ("gzip, json", "gzip.open") if packed else ("json", "open")
    code = (
        f'import {imports}, polars as pl; d = json.load({opened}({python_text(str(path))}, "rb")); '
        f"pl.DataFrame({made}).write_ndjson({python_text(str(to))})"
    )
    some = ", ".join(map(repr, [*found][:3]))
    raise TableError(
        f"{path}: is one JSON object of columns ({some} …), and a table is read from rows; write "
        f"an object for each example: python -c {shlex.quote(code)}, and give {given}"
    )
