"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, 1708.07747): 28 × 28 grey images of clothing in ten
classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.idx import read_idx_folder
from undertow.lab.data.longtail import LongTail
from undertow.lab.data.splits import assemble, first_per_class

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

INK_THIRDS = (0.214, 0.342)
"""Mean pixel in [0, 1] that splits the 60,000 training images into thirds. Fixed, so that an
example's ``ink`` does not depend on which others were read with it."""


@dataclass(frozen=True)
class FashionMNIST:
    """The subset that comes with Undertow (1,000 train and 200 test images per class), or the full
    set on disk.

    ``data_dir`` is a folder with the four IDX files, plain or gzipped, and replaces the embedded
    subset. ``train_per_class`` and ``test_per_class`` cut each class to its first examples, before
    ``tail`` thins the training part. Ids are ``fashion-mnist/<train|test>/<row in the full file>``,
    so records made on the subset and on the full set join. Slice column ``ink``: "little", "medium"
    or "much", by the image's mean pixel; with a tail also ``frequency`` and ``train_count``.
    """

    tail: LongTail | None = None
    data_dir: str | None = None
    train_per_class: int | None = None
    test_per_class: int | None = None

    def load(self) -> Splits:
        """Read the data. ``UserError`` where ``data_dir`` lacks a file or one is damaged."""
        train, test = (
            _embedded()
            if self.data_dir is None
            else read_idx_folder(Path(self.data_dir), "fashion-mnist")
        )
        train = first_per_class(train, self.train_per_class)
        test = first_per_class(test, self.test_per_class)
        train, test = (replace(part, slices=_ink(part.x_NCHW[:])) for part in (train, test))
        return assemble("fashion-mnist", CLASSES, train, test, self.tail)


@cache
def _embedded() -> tuple[Part, Part]:
    path = resources.files(__package__) / "subset.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        train, test = (_part(archive, which) for which in ("train", "test"))
    return train, test


def _part(archive: np.lib.npyio.NpzFile, which: str) -> Part:
    image, label = archive[f"{which}_image"][:, None], archive[f"{which}_label"].astype(np.int64)
    # Loads share these arrays: nobody may write into them.
    image.flags.writeable = label.flags.writeable = False
    ids = tuple(f"fashion-mnist/{which}/{row:05d}" for row in archive[f"{which}_row"].tolist())
    return Part(image, label, ids, pl.DataFrame())


def _ink(x_NCHW: NDArray[np.uint8]) -> pl.DataFrame:
    mean_N = x_NCHW.mean(axis=(1, 2, 3)) / 255
    third = np.array(["little", "medium", "much"], dtype=object)[
        np.searchsorted(INK_THIRDS, mean_N)
    ]
    return pl.DataFrame({"ink": third.tolist()}, schema={"ink": pl.String})
