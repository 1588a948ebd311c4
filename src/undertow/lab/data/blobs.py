"""One column of bytes of a Parquet file, copied to where each value can be read alone.

A Parquet file is compressed page by page, so a value in its middle costs the whole page, and values
in random order cost the file many times over. One pass copies them to a plain temporary file, with
8 bytes of memory per value. It has no name, so nothing of it is left even by a process that was
killed. ``TMPDIR`` says where it lies.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError

SLICE_BYTES = 16_000_000
"""Bytes of the Parquet file that are asked for at a time. polars decodes at least one row group,
whatever it is asked for: with smaller slices a file of large row groups is decoded many times
over."""


class Blobs:
    """Byte strings in a temporary file; ``read`` may be called from several threads."""

    def __init__(self, file: IO[bytes], end_N: NDArray[np.int64]) -> None:
        self._file, self._end_N, self._lock = file, end_N, threading.Lock()
        weakref.finalize(self, file.close)

    def __len__(self) -> int:
        return len(self._end_N)

    def read(self, row: int) -> bytes:
        """The value of the ``row``-th of the rows that were kept."""
        start, end = int(self._end_N[row - 1]) if row else 0, int(self._end_N[row])
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), end - start, start)
        with self._lock:  # Windows has no read that leaves the file's position alone.
            self._file.seek(start)
            return self._file.read(end - start)


def copied(path: str, column: str, kept_K: NDArray[np.integer]) -> Blobs:
    """The values of ``column`` in the rows ``kept_K`` (ascending), which keep their order.

    Memory stays within one row group and ``SLICE_BYTES``. ``UserError`` where a value is empty
    anywhere in the column, or where there is no room for the copy.
    """
    nulls, sizes = 0, []
    with ExitStack() as undo:
        file = undo.enter_context(tempfile.TemporaryFile(buffering=0))
        for first_row, values in _slices(path, column):
            nulls += values.null_count()
            here_K = kept_K[(kept_K >= first_row) & (kept_K < first_row + len(values))] - first_row
            kept = values.gather(here_K).drop_nulls()
            _write(file, kept, path)
            sizes.append(kept.bin.size().to_numpy().astype(np.int64))
        if nulls:
            raise UserError(
                f"{path}: column {column!r} is empty in {nulls} rows. Fill or remove them."
            )
        undo.pop_all()
    return Blobs(file, np.cumsum(np.concatenate(sizes)))


def _write(file: IO[bytes], values: pl.Series, path: str) -> None:
    try:
        for value in values:
            file.write(value)
    except OSError as problem:
        raise UserError(
            f"{path}: its images cannot be copied to {tempfile.gettempdir()} ({problem.strerror}). "
            "stream=True needs room for them there: set TMPDIR to a folder that has it."
        ) from problem


def _slices(path: str, column: str) -> Iterator[tuple[int, pl.Series]]:
    # Not sink_ipc or collect_batches: polars 2.1 reads ahead of both without bound.
    table = pl.scan_parquet(path, glob=False)
    rows: int = table.select(pl.len()).collect().item()
    each = max(1, rows * SLICE_BYTES // max(Path(path).stat().st_size, 1))
    for first_row in range(0, rows, each):
        yield first_row, table.select(column).slice(first_row, each).collect()[column]
