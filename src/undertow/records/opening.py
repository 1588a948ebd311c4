"""Opening what a person gave: only regular files, and never more of them than fits into memory.

A pipe would wait for ever, ``/dev/zero`` never ends, and three megabytes of gzip hold gigabytes.
Every reader of files opens them here, so that this is decided in one place.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import stat
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar, cast

from undertow.errors import TableError, UserError
from undertow.records.opened import note_opened, state_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

GZIP = b"\x1f\x8b"
LARGEST = 4 << 30
"""Bytes that a file may have, packed or unpacked, where it is read as a whole."""
FREE = 1 << 29
"""Bytes that may come out of packed data however few they were."""
LARGEST_RATIO = 300
"""Beyond ``FREE``, how many times their size packed data may unpack to; logs and tables reach
tens."""
CHUNK = 1 << 20
T = TypeVar("T")
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotAFileError(OSError):
    """A pipe, a socket, a device or a folder where a file is wanted; ``strerror`` says which."""

    def __init__(self, kind: str) -> None:
        super().__init__(errno.EINVAL, f"it is {kind}, not a file")

    def __str__(self) -> str:
        return str(self.strerror)


def open_file(path: Path) -> IO[bytes]:
    """The bytes of a regular file; ``OSError`` for anything else. Never waits for a pipe."""
    _refuse_kind(os.stat(path).st_mode)  # Before opening: a device can do things when it is opened.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _refuse_kind(os.fstat(handle).st_mode)  # Again: the name may mean another file by now.
        note_opened({Path(path): state_of(handle)})
        return io.BufferedReader(_Awake(handle, "rb"))
    except BaseException:
        os.close(handle)
        raise


def open_unpacked(path: Path) -> IO[bytes]:
    """The same, unpacked where the content is gzipped, whatever the file is called. Reading it
    raises ``TableError`` once it unpacks to more than any log does."""
    file = open_file(path)
    try:
        packed = file.read(len(GZIP)) == GZIP
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return cast("IO[bytes]", _Unpacked(path, file)) if packed else file


def read_file(
    path: Path,
    most: int = LARGEST,
    error: type[UserError] = TableError,
    instead: str = "split it into several files",
) -> bytes:
    """A regular file's content; ``error`` where it is larger than ``most``, saying what to do
    ``instead``, and ``OSError`` where it does not read."""
    with open_file(path) as file:
        return _all(path, file, most, error, instead)


def read_unpacked(
    path: Path, most: int = LARGEST, instead: str = "split it into several files"
) -> bytes:
    """The same, unpacked where it is gzipped; ``TableError`` where it is too large."""
    with open_unpacked(path) as file:
        return _all(path, file, most, TableError, instead)


def what_is_there(path: Path) -> str | None:
    """What a path is that is no file and no folder: ``a pipe`` …; ``None`` for files, folders and
    what is not there."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return "a link that leads back to itself" if error.errno == errno.ELOOP else None
    except ValueError:  # A NUL in the name.
        return None
    return next((kind for of_kind, kind in _KINDS if of_kind(mode)), None)


def refuse_swollen(
    path: Path, packed: int, unpacked: int, error: type[UserError] = TableError
) -> None:
    """``error`` where so many bytes come out of so few that they cannot be a model's answers."""
    if unpacked > FREE and unpacked > LARGEST_RATIO * packed:
        raise error(
            f"{path}: unpacks from {packed:,} bytes to more than {LARGEST_RATIO} times as many "
            f"({unpacked:,} or more); no file of predictions does that: write it again"
        )


def _all(path: Path, file: IO[bytes], most: int, error: type[UserError], instead: str) -> bytes:
    """Everything: first as much as there is said to be, then in pieces, since that is not always
    true."""
    status, parts, taken = os.fstat(file.fileno()), list[bytes](), 0
    found = status.st_size
    if found <= most:
        _refuse_holes(path, status, error)
    try:
        while (
            found <= most and taken <= most and (part := file.read(CHUNK if parts else found + 1))
        ):
            parts.append(part)
            taken += len(part)
        if max(found, taken) <= most:
            return b"".join(parts)
    except MemoryError as full:
        parts.clear()
        raise out_of_memory(path, max(found, taken), error) from full
    raise error(
        f"{path}: is larger than {shown_size(most)}, the most that is read of such a file; "
        f"{instead}"
    )


def out_of_memory(path: Path, size: int, error: type[UserError] = TableError) -> UserError:
    """What to say where a file, or what is made of it, is more than the memory takes."""
    return error(
        f"{path}: does not fit into memory ({shown_size(size)}); write fewer rows or columns to a "
        "file, or use a machine with more memory"
    )


def _refuse_holes(path: Path, status: os.stat_result, error: type[UserError]) -> None:
    """A file may be long without ever having been written: the rest is NULs, which take memory all
    the same."""
    # Some file systems do not say, and have none.
    written = (getattr(status, "st_blocks", 0) or 0) * 512
    if written and status.st_size > FREE and status.st_size > LARGEST_RATIO * written:
        raise error(
            f"{path}: is {shown_size(status.st_size)} long but nearly nothing of it was ever "
            "written, the rest reads as NUL characters; it may be cut off or damaged: write it "
            "again"
        )


def _refuse_kind(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise NotAFileError("a folder")
    kind = next((kind for of_kind, kind in _KINDS if of_kind(mode)), None)
    if kind is not None:
        raise NotAFileError(kind)


def shown_size(size: int) -> str:
    """``4 GB``."""
    return f"{size >> 30} GB" if size >= 1 << 30 else f"{size >> 20} MB"


class _Awake(io.FileIO):
    """A file that was opened so that it never waits. One that would, as some of the kernel's own
    do, gives no bytes but ``None``, of which no reader of files has heard: here that is an
    ``OSError``."""

    def readinto(self, buffer: Buffer, /) -> int:
        return _given(cast("int | None", super().readinto(buffer)))

    def readall(self) -> bytes:
        return _given(super().readall())


def _given(read: T | None) -> T:
    if read is None:
        raise BlockingIOError(errno.EAGAIN, "it waits for data, as no file does")
    return read


class _Unpacked(gzip.GzipFile):
    """A gzipped file that counts what comes out of it, piece by piece, before the memory is
    full."""

    def __init__(self, path: Path, packed: IO[bytes]) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._path, self._packed, self._taken = path, packed, 0

    def read(self, size: int | None = -1) -> bytes:
        parts: list[bytes] = []
        left = sys.maxsize if size is None or size < 0 else size
        while left > 0 and (part := super().read(min(CHUNK, left))):
            parts.append(part)
            left -= len(part)
            self._taken += len(part)
            refuse_swollen(self._path, os.fstat(self._packed.fileno()).st_size, self._taken)
        return b"".join(parts)

    def close(self) -> None:
        super().close()
        self._packed.close()
