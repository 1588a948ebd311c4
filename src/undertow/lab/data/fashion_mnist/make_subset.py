"""Make ``subset.npz``, the Fashion-MNIST images that Undertow carries: 1,000 train and 200 test per
class.

Source: the full data set in IDX files (github.com/zalandoresearch/fashion-mnist, MIT; also the
Debian package dataset-fashion-mnist, under /usr/share/datasets/fashion-mnist). For each class c the
rows are the first of ``default_rng([SEED, part, c]).permutation(rows of c)``, kept in the order of
the files; ``part`` is 0 for train and 1 for test. Run it as

    python -m undertow.lab.data.fashion_mnist.make_subset DATA_DIR subset.npz

The file is a zip of .npy arrays (LZMA, no pickle, no dates): train_image, train_label, train_row
and the same for test. Two runs give the same bytes under one version of liblzma, and the same
arrays under any.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undertow.lab.data.dataset import Part
from undertow.lab.data.idx import read_idx_folder

SEED = 20200523
PER_CLASS = {"train": 1000, "test": 200}


def chosen_rows(label_N: NDArray[np.integer], part: int, per_class: int) -> NDArray[np.int64]:
    """Rows of the subset, ascending."""
    rows = [
        np.random.default_rng([SEED, part, label]).permutation(np.flatnonzero(label_N == label))[
            :per_class
        ]
        for label in np.unique(label_N).tolist()
    ]
    return np.sort(np.concatenate(rows))


def subset(train: Part, test: Part) -> dict[str, NDArray[np.generic]]:
    """The six arrays: uint8 images (N, 28, 28), uint8 labels and uint16 row numbers in the full
    files."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for number, (which, part) in enumerate((("train", train), ("test", test))):
        rows = chosen_rows(part.label_N, number, PER_CLASS[which])
        arrays[f"{which}_image"] = part.x_NCHW[rows][:, 0]
        arrays[f"{which}_label"] = part.label_N[rows].astype(np.uint8)
        arrays[f"{which}_row"] = rows.astype(np.uint16)
    return arrays


def write_npz(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    """An .npz that ``numpy.load`` reads, with LZMA: 14 % smaller than numpy's own deflate on these
    images."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_LZMA
            archive.writestr(entry, stream.getvalue())


if __name__ == "__main__":
    write_npz(Path(sys.argv[2]), subset(*read_idx_folder(Path(sys.argv[1]), "fashion-mnist")))
