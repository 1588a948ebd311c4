"""IDX files, the layout of MNIST and its successors: a big-endian header, then raw bytes; plain or
gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.longtail import LongTail
from undertow.lab.data.splits import assemble

_UNSIGNED_BYTE = 0x08
_PREFIX = {"train": "train", "test": "t10k"}


@dataclass(frozen=True)
class IdxFolder:
    """A folder with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte`` and the two ``t10k-``
    files, plain or ``.gz``. ``classes`` names the labels; empty means "0", "1" … up to the highest
    label of the training part.

    Example ids are ``<name>/<train|test>/<row>``, rows as in the files.
    """

    data_dir: str
    name: str
    classes: tuple[str, ...] = ()
    tail: LongTail | None = None

    def load(self) -> Splits:
        """Read the four files. ``UserError`` for one that is missing, damaged or does not fit its
        partner."""
        train, test = read_idx_folder(Path(self.data_dir), self.name)
        classes = self.classes or tuple(
            str(c) for c in range(int(train.label_N.max(initial=-1)) + 1)
        )
        return assemble(self.name, classes, train, test, self.tail)


def read_idx_folder(folder: Path, name: str) -> tuple[Part, Part]:
    """Training and test part of a folder in the MNIST layout."""
    train, test = (_read_part(folder, name, which) for which in ("train", "test"))
    return train, test


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of one IDX file of unsigned bytes, with the shape its header states.

    Format: yann.lecun.com/exdb/mnist, "the IDX file format". Only element type 0x08 is supported.
    """
    data = _read_bytes(path)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != _UNSIGNED_BYTE:
        raise UserError(
            f"{path}: starts with {data[:4].hex(' ') or 'nothing'}, an IDX file of bytes with 00 "
            f"00 08. {_FETCH}"
        )
    header = 4 + 4 * data[3]
    if len(data) < header:
        raise UserError(f"{path}: {len(data)} bytes, the header alone needs {header}. {_FETCH}")
    shape = struct.unpack(f">{data[3]}I", data[4:header])
    if len(data) - header != math.prod(shape):
        sizes = " × ".join(str(n) for n in shape)
        raise UserError(
            f"{path}: the header promises {sizes} = {math.prod(shape)} bytes, {len(data) - header} "
            f"follow. {_FETCH}"
        )
    return np.frombuffer(data, dtype=np.uint8, offset=header).reshape(shape)


_FETCH = "The file is damaged or another format: fetch it again."


def _read_part(folder: Path, name: str, which: str) -> Part:
    images_path = _find(folder, f"{_PREFIX[which]}-images-idx3-ubyte")
    labels_path = _find(folder, f"{_PREFIX[which]}-labels-idx1-ubyte")
    image, label = read_idx(images_path), read_idx(labels_path)
    if image.ndim != 3 or label.ndim != 1:
        raise UserError(
            f"{images_path} has {image.ndim} axes and {labels_path} {label.ndim}; "
            f"images need 3 and labels 1. Check that the files are not swapped."
        )
    if len(image) != len(label):
        raise UserError(
            f"{images_path} holds {len(image)} images, {labels_path} {len(label)} labels. "
            f"They are not from the same data set: fetch both again."
        )
    ids = tuple(f"{name}/{which}/{row:05d}" for row in range(len(label)))
    return Part(image[:, None], label.astype(np.int64), ids, pl.DataFrame())


def _find(folder: Path, stem: str) -> Path:
    # Some mirrors unpack "-idx3-ubyte" as ".idx3-ubyte"; both spellings are in wide use.
    dotted = stem.replace("-idx", ".idx")
    for name in (stem, f"{stem}.gz", dotted, f"{dotted}.gz"):
        if (folder / name).is_file():
            return folder / name
    raise UserError(
        f"{folder}: no {stem} or {stem}.gz. Give the folder that holds the four IDX files."
    )


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error) as problem:
        raise UserError(f"{path}: cannot be read ({problem}). {_FETCH}") from problem
