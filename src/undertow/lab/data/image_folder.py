"""A folder of image files, one subfolder per class."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from undertow.errors import UserError
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.image_files import images_of
from undertow.lab.data.longtail import LongTail, take
from undertow.lab.data.splits import assemble, check_same_size, given_statistics

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
)
TEST_FOLDERS = ("test", "val", "valid", "validation")


@dataclass(frozen=True)
class ImageFolder:
    """``root/train/<class>/…`` and ``root/test/<class>/…`` (or ``val``), or ``root/<class>/…``
    alone.

    Class names are the names of the training subfolders, sorted. Without a ``train`` folder,
    ``test_fraction`` of each class, at least one image, is drawn as the test part with ``seed``.
    ``channels`` is 1 (grey) or 3 (RGB); ``size`` (H, W) resizes all images, ``None`` wants them
    equal. Ids are ``<name>/<path under root>``, ``name`` being the folder's own by default.

    ``stream`` leaves the images in their files and decodes them as they are needed, for folders
    larger than memory. It changes no pixel, so it is not part of what the description says or
    equals. ``mean`` and ``std`` per channel, of pixels scaled to [0, 1], are counted from the
    training part unless given; counting decodes all of it once.
    """

    root: str
    size: tuple[int, int] | None = None
    channels: int = 3
    test_fraction: float = 0.2
    seed: int = 0
    name: str | None = None
    tail: LongTail | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    stream: bool = field(default=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise UserError(f"ImageFolder(channels={self.channels}): give 1 for grey or 3 for RGB.")
        if not 0 < self.test_fraction < 1:
            raise UserError(
                f"ImageFolder(test_fraction={self.test_fraction}): give a number between 0 and 1."
            )
        given_statistics("ImageFolder", self.mean, self.std, self.channels)

    def load(self) -> Splits:
        """Read all images. ``UserError`` for a missing folder, an unreadable image, or sizes that
        differ; with ``stream``, a bad image is found when it is decoded."""
        root = Path(self.root)
        name = self.name or root.resolve().name
        if (root / "train").is_dir():
            classes = _classes(root / "train")
            train = self._read(root / "train", classes, name)
            test = self._read(_test_folder(root), classes, name)
        else:
            classes = _classes(root)
            train, test = self._split(self._read(root, classes, name), len(classes))
        check_same_size(self.root, train, test)
        given = given_statistics("ImageFolder", self.mean, self.std, self.channels)
        return assemble(name, classes, train, test, self.tail, given)

    def _read(self, folder: Path, classes: tuple[str, ...], name: str) -> Part:
        found = [
            (path, label) for label, cls in enumerate(classes) for path in _images(folder / cls)
        ]
        if not found:
            raise UserError(
                f"{folder}: no image in its class folders. Known endings: "
                f"{', '.join(sorted(SUFFIXES))}."
            )
        paths = [path for path, _ in found]
        images = images_of(paths, self.channels, self.size, stream=self.stream)
        ids = tuple(f"{name}/{path.relative_to(self.root).as_posix()}" for path, _ in found)
        label_N = np.array([label for _, label in found], dtype=np.int64)
        return Part(images, label_N, ids, pl.DataFrame())

    def _split(self, whole: Part, classes: int) -> tuple[Part, Part]:
        is_test_N = np.zeros(len(whole.label_N), dtype=bool)
        for label in range(classes):
            rows = np.random.default_rng([self.seed, label]).permutation(
                np.flatnonzero(whole.label_N == label)
            )
            is_test_N[rows[: max(1, round(self.test_fraction * len(rows)))]] = True
        return take(whole, np.flatnonzero(~is_test_N)), take(whole, np.flatnonzero(is_test_N))


def _classes(folder: Path) -> tuple[str, ...]:
    if not folder.is_dir():
        raise UserError(
            f"{folder}: no such folder. Give the folder that holds one subfolder per class."
        )
    names = tuple(
        sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    )
    if not names:
        raise UserError(
            f"{folder}: no subfolder. Put the images of each class in a folder named "
            "after the class."
        )
    return names


def _test_folder(root: Path) -> Path:
    for name in TEST_FOLDERS:
        if (root / name).is_dir():
            if extra := sorted(set(_classes(root / name)) - set(_classes(root / "train"))):
                raise UserError(
                    f"{root / name}: class folder {extra[0]!r} is not in {root / 'train'}. Rename "
                    "or remove it."
                )
            return root / name
    raise UserError(
        f"{root}: has a train folder but none of {', '.join(TEST_FOLDERS)}. Add the test images."
    )


def _images(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES)
