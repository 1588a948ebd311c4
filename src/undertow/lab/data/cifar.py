"""CIFAR-10 (Krizhevsky 2009) from the archives its author publishes, the binary or the python
version, or from a Parquet copy of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.human_labels import COUNTS, human_columns
from undertow.lab.data.longtail import LongTail
from undertow.lab.data.parquet import ParquetImages
from undertow.lab.data.pickled_batch import RefusedError, read_batch
from undertow.lab.data.splits import assemble, first_per_class

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PIXELS = 3 * 32 * 32
FILES = {"train": tuple(f"data_batch_{n}" for n in range(1, 6)), "test": ("test_batch",)}
COPY = "cifar10.parquet"
FOLDER = "UNDERTOW_CIFAR10"
"""The environment variable that says where the files are, if a description does not."""
FOLDERS = ("", "cifar-10-batches-bin", "cifar-10-batches-py")

Batch: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True)
class CIFAR10:
    """50,000 training and 10,000 test images of 32 × 32 RGB pixels, from ``data_dir``.

    The folder, or ``cifar-10-batches-bin`` or ``cifar-10-batches-py`` inside it, holds
    ``data_batch_1`` … ``5`` and ``test_batch``, with or without ``.bin``. The python version is
    pickled; it is read without unpickling. In their place the folder may hold ``cifar10.parquet``
    with the columns of ``ParquetImages`` (``split``, ``index``, ``label``, ``jpeg``), whose pixels
    differ where its images are compressed. Without ``data_dir`` the folder is the one that the
    environment variable ``UNDERTOW_CIFAR10`` names. Ids are ``cifar10/<train|test>/<row over the
    batches in order>``.

    With ``people``, test images have what some fifty persons each said of them (CIFAR-10H): the
    columns of ``human_columns``, from a file in the same folder.
    """

    data_dir: str | None = None
    tail: LongTail | None = None
    train_per_class: int | None = None
    test_per_class: int | None = None
    people: bool = False

    def load(self) -> Splits:
        """Read all files. ``UserError`` for one that is missing, damaged or holds what it should
        not, and where nothing says in which folder they are."""
        folder = self._folder()
        train, test = _parts(folder, self.train_per_class)
        splits = assemble("cifar10", CLASSES, train, test, self.tail)
        test = splits.test
        if self.people:
            columns = human_columns(folder, test.label_N, CLASSES)
            test = replace(test, slices=pl.DataFrame([*test.slices, *columns]))
        return replace(splits, test=first_per_class(test, self.test_per_class))

    def _folder(self) -> Path:
        folder = self.data_dir or os.environ.get(FOLDER)
        if not folder:
            raise UserError(
                f"{self!r}: nothing says where CIFAR-10 is. Set the environment variable {FOLDER} "
                f"to the folder that holds {_HOLDS}{_BESIDE if self.people else ''}."
            )
        return Path(folder)


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
_HOLDS = f"the six batch files of CIFAR-10, or {COPY}"
_BESIDE = f", and beside them {COUNTS} of CIFAR-10H (github.com/jcpeterson/cifar-10h)"


def _parts(folder: Path, train_per_class: int | None) -> tuple[Part, Part]:
    """Training part, cut, and test part, whole. The author's files come before a copy of them."""
    batches = _located(folder)
    if batches is not None:
        read, paths = batches
        train = first_per_class(_part("train", read, paths["train"]), train_per_class)
        return train, _part("test", read, paths["test"])
    if not (folder / COPY).is_file():
        raise UserError(
            f"{folder}: no data_batch_1.bin, data_batch_1 or {COPY}. Give the folder that holds "
            f"{_HOLDS}."
        )
    copy = ParquetImages(
        str(folder / COPY), CLASSES, name="cifar10", train_per_class=train_per_class
    )
    splits = copy.load()
    return splits.train, splits.test


def _located(folder: Path) -> tuple[Callable[[Path], Batch], dict[str, list[Path]]] | None:
    """The reader and the files, if there are any. One layout must be whole: mixing two would hide
    a failed download."""
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
    return None


def _part(which: str, read: Callable[[Path], Batch], paths: list[Path]) -> Part:
    batches = [read(path) for path in paths]
    label_N = np.concatenate([label for _, label in batches])
    ids = tuple(f"cifar10/{which}/{row:05d}" for row in range(len(label_N)))
    return Part(np.concatenate([pixels for pixels, _ in batches]), label_N, ids, pl.DataFrame())
