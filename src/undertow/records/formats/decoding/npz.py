"""Reads arrays from ``.npy`` and ``.npz`` files, block by block.

Nothing is unpickled, and no array is larger than its file says.

A population of 60 × 50,000 × 1,000 logits is 12 GB and passes through memory one member at a time.
"""

from __future__ import annotations

import math
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.opening import open_file

MAGIC = b"\x93NUMPY"
ZIP = b"PK\x03\x04"
BARE = "array"
"""What the array of an ``.npy`` is called, which has no name."""
LARGEST = 16 << 30
"""Bytes that an array may claim to hold."""
FREE, LARGEST_RATIO = 1 << 28, 100
"""Beyond ``FREE`` bytes, how many times its packed size an array may unpack to; numbers from a
model reach a few."""
FAILURES = (
    OSError,
    ValueError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True)
class Stored:
    """An array as its header describes it. ``whole`` and ``blocks`` raise ``TableError``, one
    line."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    start: int
    open: Callable[[], IO[bytes]]

    def whole(self) -> NDArray[Any]:
        (block,) = self._read(1, self.shape)
        return block

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Of (M, N, C) every (N, C) in turn; anything else at once."""
        if len(self.shape) < 3 or self.fortran:
            whole = self.whole()
            yield from whole if whole.ndim == 3 else (whole,)
        else:
            yield from self._read(self.shape[0], self.shape[1:])

    def _read(self, count: int, shape: tuple[int, ...]) -> Iterator[NDArray[Any]]:
        size = math.prod(shape) * self.dtype.itemsize
        with _said(self.path), self.open() as file:
            file.read(self.start)
            for _ in range(count):
                data = file.read(size)
                if len(data) < size:
                    raise EOFError(f"{self.name} ends after {len(data):,} of {size:,} bytes")
                yield np.frombuffer(data, self.dtype).reshape(
                    shape, order="F" if self.fortran else "C"
                )
            file.read(1)  # At the end of a member zipfile compares its checksum.


def array_names(path: Path) -> list[str]:
    """The names of all arrays of an ``.npz``."""
    with _said(path), zipfile.ZipFile(path) as archive:
        return [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]


def stored_arrays(path: Path, wanted: frozenset[str]) -> dict[str, Stored]:
    """Name → array, for the names that are wanted; of an ``.npy`` the only one, called
    ``array``."""
    with _said(path):
        with open_file(path) as file:
            bare = file.read(len(MAGIC)) == MAGIC
        if bare:
            return {BARE: _described(path, BARE, path.stat().st_size, lambda: open_file(path))}
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        found = {name: info for name, info in members.items() if name in wanted}
        for name, info in found.items():
            _refuse_bomb(path, name, info)
        return {
            name: _described(path, name, i.file_size, _opener(path, i)) for name, i in found.items()
        }


def refuse_damaged_zip(path: Path) -> None:
    """Raises ``TableError`` for a file that begins as an npz does, which is a zip file, and is
    none: nothing else would say what it was meant to be."""
    with open_file(path) as file:
        if file.read(len(ZIP)) != ZIP:
            return
    try:
        zipfile.ZipFile(path).close()
    except FAILURES:
        raise TableError(
            f"{path}: begins as an npz or another zip file and is none that can be opened: it is "
            "cut off or damaged; save or copy it again"
        ) from None


def are_code_points(values: NDArray[Any]) -> bool:
    """Tells whether four bytes a character are characters; Python makes no text of others."""
    code = np.frombuffer(values.tobytes(), np.dtype(np.uint32).newbyteorder(values.dtype.byteorder))
    return not code.size or int(code.max()) <= sys.maxunicode


def _opener(path: Path, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        with zipfile.ZipFile(path) as archive:
            return archive.open(
                info
            )  # The archive's file stays open until its last member is closed.

    return opened


def _refuse_bomb(path: Path, name: str, info: zipfile.ZipInfo) -> None:
    if info.file_size > max(FREE, LARGEST_RATIO * info.compress_size):
        raise TableError(
            f"{path}: {name} unpacks from {info.compress_size:,} to {info.file_size:,} bytes; that"
            " is no model's output"
        )


def _described(path: Path, name: str, held: int, opened: Callable[[], IO[bytes]]) -> Stored:
    """What the header claims: more than the file holds is damage, more than ``LARGEST`` is not for
    here."""
    if held > LARGEST:
        raise TableError(
            f"{path}: an array of {held / 1e9:.0f} GB is too large to read; save fewer members or "
            "classes"
        )
    with opened() as file:
        shape, fortran, dtype, start = _header(path, name, file)
    if dtype.hasobject:
        raise TableError(
            f"{path}: holds Python objects, which are never unpickled; save plain numbers or text"
        )
    claimed = math.prod(shape) * dtype.itemsize
    if claimed > held or dtype.itemsize == 0 or min(shape, default=0) < 0:
        raise TableError(
            f"{path}: claims {claimed:,} bytes and holds {held:,}; it is cut off or damaged: save "
            "it again"
        )
    return Stored(path, name, shape, dtype, fortran, start, opened)


def _header(
    path: Path, name: str, file: IO[bytes]
) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order, type, and where the data begin. NumPy tokenizes and evaluates the header:
    anything can go wrong."""
    counted = _Counted(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            version = np.lib.format.read_magic(counted)
            if version == (1, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(counted)
            else:
                shape, fortran, dtype = np.lib.format.read_array_header_2_0(counted)
    except Exception as error:
        text = " ".join(str(error).split())[:120]
        raise TableError(f"{path}: {name} has a damaged header ({text}); save it again") from error
    return tuple(int(s) for s in shape), bool(fortran), dtype, counted.taken


class _Counted:
    """A stream that knows how much was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.taken = file, 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size)
        self.taken += len(data)
        return data


@contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except (*FAILURES, MemoryError) as error:
        raise TableError(
            f"{path}: cannot be read as arrays ({' '.join(str(error).split())[:120]}); save it "
            "again"
        ) from error
