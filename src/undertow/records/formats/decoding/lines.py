"""Reads the lines of a log, plain or gzipped, in blocks that fit in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from undertow.errors import TableError
from undertow.records.opening import open_unpacked

BLOCK = 1 << 22
LONGEST_LINE = 1 << 28
MARK = b"\xef\xbb\xbf"


def blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields blocks of whole lines, each with the number of its first line, counted from 1.

    Raises ``TableError`` where the file cannot be read.
    """
    try:
        with open_unpacked(path) as file:
            yield from _blocks(path, file)
    except (OSError, EOFError, zlib.error) as error:
        said = str(error).split("\n")[0][:200]
        raise TableError(
            f"{path}: cannot be read ({said}); check the file and its permissions"
        ) from error


def head(path: Path, size: int = 1 << 16) -> bytes:
    """Returns the first bytes, for sniffing; nothing of a file that cannot be read."""
    try:
        with open_unpacked(path) as file:
            return file.read(size).removeprefix(MARK)
    except (OSError, EOFError, zlib.error):
        return b""


def _blocks(path: Path, file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    first, parts = 1, [file.read(len(MARK)).removeprefix(MARK)]
    while chunk := file.read(BLOCK):
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            parts.append(chunk)
            if sum(map(len, parts)) > LONGEST_LINE:
                raise TableError(
                    f"{path}: line {first} is longer than {LONGEST_LINE >> 20} MB, so it is no row"
                    " of a log; expected one JSON object a line"
                )
            continue
        block = b"".join([*parts, chunk[:cut]])
        yield first, block
        first += block.count(b"\n")
        parts = [chunk[cut:]]
    last = b"".join(parts)
    if last:
        yield first, last
