"""Decodes JSON and JSON lines, plain or gzipped.

Any bytes give values, or a ``TableError`` that names the file.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from undertow.errors import TableError
from undertow.records.formats.decoding.lines import MARK, blocks
from undertow.records.opening import read_unpacked

LARGEST = 1 << 31
"""Bytes of one JSON document, unpacked. A line of JSON lines is limited where lines are read."""
REPAIR = "it may be cut off or damaged: write it again"
T = TypeVar("T")


def decode(source: str, data: bytes, type_: type[T]) -> T:
    """Decodes ``data`` as ``type_``. No objects are made of what the type does not name."""
    try:
        return msgspec.json.decode(data, type=type_)
    except (ValueError, RecursionError):
        try:
            return msgspec.convert(python_json(data), type_)
        except (ValueError, RecursionError) as error:
            raise TableError(
                f"{source}: cannot be read as JSON ({reason(error)}); {REPAIR}"
            ) from error


def read_json(path: Path, type_: type[T]) -> T:
    """Decodes a whole file."""
    return decode(str(path), read_bytes(path), type_)


def read_bytes(path: Path) -> bytes:
    """Returns the content of a file, unpacked where it is gzipped."""
    try:
        return read_unpacked(path, LARGEST, "evaluate fewer examples a file").removeprefix(MARK)
    except (OSError, EOFError, zlib.error) as error:
        said = str(error).split("\n")[0][:200]
        raise TableError(
            f"{path}: cannot be read ({said}); check the file and its permissions"
        ) from error


def rows(path: Path, type_: type[T]) -> Iterator[T]:
    """Yields the rows of a file of JSON lines. Only one block of lines is in memory."""
    decoder = msgspec.json.Decoder(type_)
    for first, block in blocks(path):
        try:
            yield from decoder.decode_lines(block)
        except (ValueError, RecursionError):
            yield from _line_by_line(path, first, block, type_)


def _line_by_line(path: Path, first: int, block: bytes, type_: type[T]) -> list[T]:
    """Decodes a block that the fast decoder refused, to read NaN or to name the wrong line."""
    return [
        decode(f"{path}: line {number}", line, type_)
        for number, line in enumerate(block.split(b"\n"), start=first)
        if line.strip()
    ]


def python_json(data: bytes) -> Any:
    """Decodes what Python's ``json`` writes and JSON does not allow.

    NaN and Infinity become floats, and halves of surrogates become question marks.
    """
    value = json.loads(data.decode("utf-8"))
    if b"\\ud" not in data and b"\\uD" not in data:
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def reason(error: Exception) -> str:
    """Says in a few words why decoding failed."""
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error).split("\n")[0][:150]
