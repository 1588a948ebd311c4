"""JSON of evaluation logs to plain values: any bytes give values, or a ``TableError`` that names
the file."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from undertow.errors import TableError
from undertow.records.formats._lines import MARK, blocks
from undertow.records.formats._log import TEXT_LIMIT
from undertow.records.opening import read_unpacked

LARGEST = 1 << 31
"""Bytes of one JSON document, unpacked. A line of JSON lines is limited where lines are read."""
REPAIR = "it may be cut off or damaged: write it again"
T = TypeVar("T")


def decode(source: str, data: bytes, type_: type[T]) -> T:
    """``data`` as ``type_``; what the type does not name is skipped without making objects of it.

    NaN and Infinity are read as Python writes them; halves of surrogates become question marks.
    """
    try:
        return msgspec.json.decode(data, type=type_)
    except (ValueError, RecursionError):
        try:
            return msgspec.convert(_python_json(data), type_)
        except (ValueError, RecursionError) as error:
            raise TableError(
                f"{source}: cannot be read as JSON ({_reason(error)}); {REPAIR}"
            ) from error


def read_json(path: Path, type_: type[T]) -> T:
    """A whole file, plain or gzipped."""
    return decode(str(path), read_bytes(path), type_)


def read_bytes(path: Path) -> bytes:
    """The file's content, unpacked where it is gzipped."""
    try:
        return read_unpacked(path, LARGEST, "evaluate fewer examples a file").removeprefix(MARK)
    except (OSError, EOFError, zlib.error) as error:
        said = str(error).split("\n")[0][:200]
        raise TableError(
            f"{path}: cannot be read ({said}); check the file and its permissions"
        ) from error


def rows(path: Path, type_: type[T]) -> Iterator[T]:
    """The rows of a file of JSON lines, block by block, so that a file of any size fits into
    memory."""
    decoder = msgspec.json.Decoder(type_)
    for first, block in blocks(path):
        try:
            yield from decoder.decode_lines(block)
        except (ValueError, RecursionError):
            yield from _line_by_line(path, first, block, type_)


def _line_by_line(path: Path, first: int, block: bytes, type_: type[T]) -> list[T]:
    """For blocks with what JSON has no word for, and to find the line that is wrong."""
    return [
        decode(f"{path}: line {number}", line, type_)
        for number, line in enumerate(block.split(b"\n"), start=first)
        if line.strip()
    ]


def table(value: Any) -> Mapping[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The value where it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """Text as it is, other values as JSON, ``None`` for null."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def name(value: Any) -> str | None:
    """Text that is not blank."""
    return value if isinstance(value, str) and value.strip() else None


def number(value: Any) -> float | None:
    """A number or truth value as a float; ``None`` for anything else, and for numbers too large for
    one."""
    if not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def bounded(said: str | None) -> str | None:
    """A text; of a very long one its beginning and a fingerprint of the whole, so that it stays
    itself."""
    return (
        said
        if said is None or len(said) <= TEXT_LIMIT
        else f"{said[:TEXT_LIMIT]} … #{fingerprint(said)}"
    )


def fingerprint(*parts: Any) -> str:
    """16 hexadecimal digits that are equal for equal values."""
    return hashlib.blake2b(
        (text(parts) or "").encode("utf-8", "replace"), digest_size=8
    ).hexdigest()


def _python_json(data: bytes) -> Any:
    value = json.loads(data.decode("utf-8"))
    if b"\\ud" not in data and b"\\uD" not in data:
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error).split("\n")[0][:150]
