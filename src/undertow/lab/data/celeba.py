"""CelebA (Liu et al. 2015, 1411.7766) in the layout of its authors: one attribute to predict,
others to slice by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.image_files import images_of
from undertow.lab.data.splits import assemble, given_statistics

IMAGES = "img_align_celeba"
ATTRIBUTES, PARTITION = "list_attr_celeba.txt", "list_eval_partition.txt"
PARTS = {"0": "train", "1": "held_out", "2": "test"}
"""Of the official partition; its validation part is held out."""
_FETCH = "The file is damaged or another format: fetch it again."


@dataclass(frozen=True)
class CelebA:
    """A folder with ``img_align_celeba/*.jpg``, ``list_attr_celeba.txt`` and
    ``list_eval_partition.txt``, each also under ``Img``, ``Anno`` or ``Eval`` as in the authors'
    archive.

    The classes are ``not <target>`` and ``<target>``, which is the positive one; each of
    ``attributes`` is a slice of "yes" and "no". Images are resized to ``size`` (H, W) by Pillow's
    bilinear filter, without a crop (what the papers did is not known); ``None`` keeps 218 × 178
    pixels. Ids are ``celeba/<file name>``. ``stream``, ``mean`` and ``std`` are as of
    ``ImageFolder``.
    """

    root: str
    target: str = "Blond_Hair"
    attributes: tuple[str, ...] = ("Male", "Young")
    size: tuple[int, int] | None = (64, 64)
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    stream: bool = field(default=False, repr=False, compare=False)

    def load(self) -> Splits:
        """Read all. ``UserError`` for a missing or damaged file, an image that is not there, and an
        attribute that the data does not have."""
        given = given_statistics("CelebA", self.mean, self.std, 3)
        names_N, value_NA = _read_attributes(self._file(ATTRIBUTES), self._wanted())
        part_N = _read_partition(self._file(PARTITION), names_N)
        folder = self._images_with(names_N)
        parts = {
            part: self._part(folder, [names_N[n] for n in rows], value_NA[rows])
            for code, part in PARTS.items()
            if (rows := np.flatnonzero(part_N == code)).size or part != "held_out"
        }
        classes = (f"not {self.target}", self.target)
        splits = assemble("celeba", classes, parts["train"], parts["test"], None, given)
        return replace(splits, held_out=parts.get("held_out"), positive=self.target)

    def _wanted(self) -> tuple[str, ...]:
        if self.target in self.attributes:
            raise UserError(
                f"{self!r}: {self.target!r} is the target and cannot be a slice too; leave it out "
                "of attributes"
            )
        return (self.target, *self.attributes)

    def _file(self, name: str) -> Path:
        return self._found(name, lambda path: path.is_file(), "file")

    def _images_with(self, names_N: list[str]) -> Path:
        folder = self._found(IMAGES, lambda path: path.is_dir(), "folder")
        there = {path.name for path in folder.iterdir()}
        missing = [name for name in names_N if name not in there]
        if missing:
            raise UserError(
                f"{folder}: {len(missing)} of {len(names_N)} images are not there, the first is "
                f"{missing[0]}. Unpack the whole of img_align_celeba.zip."
            )
        return folder

    def _found(self, name: str, is_it: Callable[[Path], bool], kind: str) -> Path:
        root = Path(self.root)
        for path in (root / name, *(root / inner / name for inner in ("Img", "Anno", "Eval"))):
            if is_it(path):
                return path
        raise UserError(
            f"{root}: no {kind} {name}. Give the folder that holds {IMAGES}, {ATTRIBUTES} and "
            f"{PARTITION}."
        )

    def _part(self, folder: Path, names: list[str], value_NA: NDArray[np.bool_]) -> Part:
        size = self.size or (218, 178)
        images = (
            images_of([folder / name for name in names], 3, self.size, stream=self.stream)
            if names
            else np.empty((0, 3, *size), dtype=np.uint8)
        )
        said = np.where(value_NA[:, 1:], "yes", "no")
        slices = {name: said[:, at].tolist() for at, name in enumerate(self.attributes)}
        ids = tuple(f"celeba/{name}" for name in names)
        return Part(images, value_NA[:, 0].astype(np.int64), ids, pl.DataFrame(slices))


def _read_attributes(path: Path, wanted: tuple[str, ...]) -> tuple[list[str], NDArray[np.bool_]]:
    """File names, and whether each has the wanted attributes (N, A)."""
    found = _lines(path)
    first, header = (*found, "", "")[:2]
    lines = found[2:]
    if not first.strip().isdigit():
        raise UserError(
            f"{path}: starts with {first[:40]!r}, not with the number of images. {_FETCH}"
        )
    known = header.split()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UserError(
            f"{path}: there is no attribute {unknown[0]!r}: choose from {', '.join(known)}"
        )
    if len(lines) != int(first):
        raise UserError(
            f"{path}: the first line promises {int(first)} images, {len(lines)} follow. {_FETCH}"
        )
    column_A = [known.index(name) + 1 for name in wanted]
    names, values = [], []
    for row, fields in _rows(path, lines, len(known) + 1, first=3):
        value_A = [fields[at] for at in column_A]
        if not set(value_A) <= {"1", "-1"}:
            raise UserError(f"{path}, line {row}: {value_A} are not all 1 or -1. {_FETCH}")
        names.append(fields[0])
        values.append([value == "1" for value in value_A])
    return names, np.array(values, dtype=bool).reshape(len(names), len(wanted))


def _read_partition(path: Path, names_N: list[str]) -> NDArray[np.str_]:
    """In which part each image is, as a digit, in the order of ``names_N``."""
    lines = _lines(path)
    if len(lines) != len(names_N):
        raise UserError(
            f"{path}: {len(lines)} images, {ATTRIBUTES} has {len(names_N)}. They are not from the "
            "same data set: fetch both again."
        )
    part_of = {}
    for row, (name, part) in _rows(path, lines, 2, first=1):
        if part not in PARTS:
            raise UserError(f"{path}, line {row}: part {part!r} is none of 0, 1 and 2. {_FETCH}")
        part_of[name] = part
    missing = [name for name in names_N if name not in part_of]
    if missing:
        raise UserError(
            f"{path}: {len(missing)} of {len(names_N)} images have no part, the first is "
            f"{missing[0]}. They are not from the same data set: fetch both again."
        )
    return np.array([part_of[name] for name in names_N])


def _rows(path: Path, lines: list[str], width: int, first: int) -> Iterator[tuple[int, list[str]]]:
    """Line numbers, from ``first``, and fields."""
    for row, line in enumerate(lines, first):
        fields = line.split()
        if len(fields) != width:
            raise UserError(f"{path}, line {row}: {len(fields)} fields, not {width}. {_FETCH}")
        yield row, fields


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise UserError(f"{path}: cannot be read ({problem}). {_FETCH}") from problem
