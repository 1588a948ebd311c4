"""Unpacks the members of a zip archive into memory, one at a time.

``zipfile`` finds the members but does not unpack them. inspect writes a large member as several
zstd frames, of which ``zipfile`` (as backported from Python 3.14) reads only the first; and here
the size is limited while a member unpacks.
"""

from __future__ import annotations

import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from undertow.errors import TableError
from undertow.records.opening import FREE, LARGEST_RATIO, open_file

STORED, DEFLATED, ZSTD = 0, 8, 93
LARGEST_MEMBER = 1 << 29
MOST_MEMBERS = 1 << 20
CHUNK = 1 << 20
LOCAL_HEADER = 30


class Archive:
    """``with Archive(path) as archive``; any bytes give members or a ``TableError``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unpacked = 0
        try:
            self._file = open_file(path)
            self._size = os.fstat(self._file.fileno()).st_size
            self._zip = self._directory()
        except (
            OSError,
            ValueError,
            RuntimeError,
            OverflowError,
            zipfile.BadZipFile,
            struct.error,
        ) as error:
            raise TableError(
                f"{path}: is not a complete zip archive ({_said(error)}); it may have been cut off:"
                " copy or evaluate again"
            ) from error
        # Of two members of one name the later counts, as in inspect.
        self._members = self._zip.NameToInfo
        if len(self._members) > MOST_MEMBERS:
            raise TableError(
                f"{path}: has {len(self._members)} members, at most {MOST_MEMBERS} are read; split "
                "the run"
            )

    def _directory(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self._file)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._zip.close()
        self._file.close()

    @property
    def names(self) -> list[str]:
        """In the order of the archive."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """One member's content, checked against its checksum."""
        info = self._members[name]
        where = f"{self.path}: member {name[:100]!r}"
        if info.flag_bits & 1:
            raise TableError(f"{where} is encrypted; write the log without a password")
        try:
            data = self._limited(where, unpacked(self._packed(info), info.compress_type))
        except (OSError, EOFError, ValueError, struct.error, zlib.error, zstd.ZstdError) as error:
            raise TableError(
                f"{where} cannot be unpacked ({_said(error)}); copy or evaluate again"
            ) from error
        if zlib.crc32(data) != info.CRC:
            raise TableError(f"{where} is damaged (its checksum differs); copy or evaluate again")
        return data

    def _packed(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """The member's bytes as they lie in the file, after its local header."""
        file = self._file
        file.seek(info.header_offset)
        header = file.read(LOCAL_HEADER)
        length, extra = struct.unpack("<4x22xHH", header)
        if header[:4] != b"PK\x03\x04":
            raise ValueError("no member begins where the directory says")
        file.seek(length + extra, 1)
        left = info.compress_size
        while left > 0:
            chunk = file.read(min(CHUNK, left))
            if not chunk:
                raise EOFError("the file ends within it")
            left -= len(chunk)
            yield chunk

    def _limited(self, where: str, parts: Iterator[bytes]) -> bytes:
        found = bytearray()
        for part in parts:
            found += part
            self._unpacked += len(part)
            if len(found) > LARGEST_MEMBER:
                raise TableError(
                    f"{where} unpacks to more than {LARGEST_MEMBER >> 20} MB; it is no sample of a "
                    "log"
                )
            if self._unpacked > FREE and self._unpacked > LARGEST_RATIO * self._size:
                raise TableError(
                    f"{self.path}: unpacks to more than {LARGEST_RATIO} times its size; it is no"
                    " log of an evaluation"
                )
        return bytes(found)


def unpacked(chunks: Iterator[bytes], method: int) -> Iterator[bytes]:
    """Stored, deflated, or zstd in one frame or more; ``ValueError`` for other methods. No part is
    larger than ``CHUNK``."""
    if method == STORED:
        yield from chunks
    elif method == DEFLATED:
        yield from _inflated(chunks)
    elif method == ZSTD:
        yield from _unzstd(chunks)
    else:
        raise ValueError(f"compression method {method} is not known")


def _inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    for chunk in chunks:
        data = chunk
        while data and not machine.eof:
            yield machine.decompress(data, CHUNK)
            data = machine.unconsumed_tail
    yield machine.flush()


def _unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    machine: Any = zstd.ZstdDecompressor()
    fresh = True
    for chunk in chunks:
        data = chunk
        while data or not machine.needs_input:
            if machine.eof:
                machine, fresh = zstd.ZstdDecompressor(), True
            yield machine.decompress(data, CHUNK)
            fresh = False
            data = machine.unused_data if machine.eof else b""
            if machine.eof and not data:
                break
    if not (machine.eof or fresh):
        raise EOFError("its compressed data ends early")


def _said(error: BaseException) -> str:
    return (str(error).split("\n")[0].strip() or type(error).__name__)[:150]
