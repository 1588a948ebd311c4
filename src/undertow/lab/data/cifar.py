"""CIFAR-10 (Krizhevsky 2009) from the archives its author publishes: the binary or the python
version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.longtail import LongTail
from undertow.lab.data.pickled_batch import RefusedError, read_batch
from undertow.lab.data.splits import assemble, first_per_class

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PIXELS = 3 * 32 * 32
FILES = {"train": tuple(f"data_batch_{n}" for n in range(1, 6)), "test": ("test_batch",)}
FOLDERS = ("", "cifar-10-batches-bin", "cifar-10-batches-py")

Batch: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True)
class CIFAR10:
    """50,000 training and 10,000 test images of 32 × 32 RGB pixels, from ``data_dir``.

    The folder, or ``cifar-10-batches-bin`` or ``cifar-10-batches-py`` inside it, holds
    ``data_batch_1`` … ``5`` and ``test_batch``, with or without ``.bin``. The python version is
    pickled; it is read without unpickling. Ids are ``cifar10/<train|test>/<row over the batches in
    order>``.
    """

    data_dir: str
    tail: LongTail | None = None
    train_per_class: int | None = None
    test_per_class: int | None = None

    def load(self) -> Splits:
        """Read all six files. ``UserError`` for one that is missing, damaged or holds what a batch
        does not."""
        read, paths = _locate(Path(self.data_dir))
        train = first_per_class(_part("train", read, paths["train"]), self.train_per_class)
        test = first_per_class(_part("test", read, paths["test"]), self.test_per_class)
        return assemble("cifar10", CLASSES, train, test, self.tail)


def read_binary_batch(path: Path) -> Batch:
    """One file of the binary version: rows of one label byte and 3,072 pixel bytes (channel, row,
    column)."""
    data = np.fromfile(path, dtype=np.uint8)
    if not len(data) or len(data) % (1 + PIXELS):
        raise UserError(
            f"{path}: {len(data)} bytes, not a positive multiple of {1 + PIXELS}. {_FETCH}"
        )
    rows = data.reshape(-1, 1 + PIXELS)
    return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0].astype(np.int64)


def read_python_batch(path: Path) -> Batch:
    """One file of the python version: a dict with ``data`` (n, 3072) and ``labels``; see
    ``pickled_batch``."""
    try:
        batch = read_batch(path.read_bytes())
    except RefusedError as problem:
        raise UserError(f"{path}: {problem}. {_FETCH}") from problem
    pixels, labels = batch.get("data"), batch.get("labels")
    if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != PIXELS:
        raise UserError(f"{path}: no array 'data' with {PIXELS} columns. {_FETCH}")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise UserError(f"{path}: no list 'labels' of integers. {_FETCH}")
    if len(labels) != len(pixels):
        raise UserError(f"{path}: {len(pixels)} images but {len(labels)} labels. {_FETCH}")
    return pixels.reshape(-1, 3, 32, 32), np.array(labels, dtype=np.int64)


_FETCH = "Fetch the CIFAR-10 archive again, or use its binary version."


def _locate(folder: Path) -> tuple[Callable[[Path], Batch], dict[str, list[Path]]]:
    """The reader and the files. One layout must be whole: mixing two would hide a failed
    download."""
    for inner in FOLDERS:
        for suffix, read in ((".bin", read_binary_batch), ("", read_python_batch)):
            paths = {
                part: [folder / inner / f"{stem}{suffix}" for stem in stems]
                for part, stems in FILES.items()
            }
            if not paths["train"][0].is_file():
                continue
            for path in (*paths["train"], *paths["test"]):
                if not path.is_file():
                    raise UserError(
                        f"{path}: missing, though {paths['train'][0].name} is there. {_FETCH}"
                    )
            return read, paths
    raise UserError(
        f"{folder}: no data_batch_1.bin or data_batch_1. Give the folder that holds the six batch "
        "files of CIFAR-10."
    )


def _part(which: str, read: Callable[[Path], Batch], paths: list[Path]) -> Part:
    batches = [read(path) for path in paths]
    label_N = np.concatenate([label for _, label in batches])
    ids = tuple(f"cifar10/{which}/{row:05d}" for row in range(len(label_N)))
    return Part(np.concatenate([pixels for pixels, _ in batches]), label_N, ids, pl.DataFrame())
