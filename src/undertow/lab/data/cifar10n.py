"""``CIFAR10N``: CIFAR-10's training images under labels that people gave (Wei et al. 2022,
2110.12088)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.cifar import CLASSES, FOLDER
from undertow.lab.data.cifar10n_file import (
    CLEAN,
    NAMES,
    ONE_OF,
    PICKLED,
    column_of,
    file_at,
    read_labels,
)
from undertow.lab.data.dataset import Dataset, Splits
from undertow.lab.data.relabelled import load_to_relabel, relabelled

ID = re.compile(r"cifar10/train/(\d+)")


@dataclass(frozen=True)
class CIFAR10N:
    """``data``, a CIFAR-10, with the labels that people gave its training images: ``"aggregate"``
    (the majority of three persons, 9 % wrong), ``"random1"``, ``"random2"``, ``"random3"`` (one
    person each, 17 to 18 %), or ``"worst"`` (a wrong one wherever any was, 40 %).

    ``path`` is a file, or a folder that holds one: ``cifar10n.parquet`` (``index``, ``clean``,
    ``aggre``, ``worse``, ``random1`` …), or the published labels (``clean_label``, ``aggre_label``,
    ``worse_label``, ``random_label1`` …) as ``CIFAR-10_human.npz`` or ``CIFAR-10_human.csv``.
    Without ``path`` it is the folder that the environment variable ``UNDERTOW_CIFAR10`` names. What
    is published are pickles, which are not read, since unpickling runs whatever they hold; the
    error says how to convert one. Images are told by their ids, so ``data`` may be thinned or
    partly held out; without ``index`` a row stands for the training image of that number.

    The record's ``train.parquet`` has the given label as ``label``, CIFAR-10's own as
    ``true_label``, and ``mislabelled`` (yes or no): whether they differ. What is held out keeps its
    own label. ``UserError`` for a labelling that does not exist, where there is no file or one that
    cannot be read, for labels in another order, and for data that are not CIFAR-10's.
    """

    data: Dataset
    labels: str = "aggregate"
    path: str | None = None

    def load(self) -> Splits:
        """Read the data and their labels."""
        if self.labels not in NAMES:
            raise UserError(f"labels={self.labels!r}: choose from {', '.join(NAMES)}")
        path = file_at(self._place())
        splits = load_to_relabel(self, self.data)
        row_N = _rows(splits)
        table = read_labels(path)
        if table.height <= row_N.max(initial=-1):
            raise UserError(
                f"{path}: {table.height} rows, none for training image {row_N.max()}. Take the "
                "file of all of them."
            )
        clean_N, given_N = (column_of(path, table, n)[row_N] for n in (CLEAN, NAMES[self.labels]))
        wrong_N = clean_N != splits.train.label_N
        if wrong_N.any():
            raise UserError(
                f"{path}: its clean label of training image {row_N[wrong_N.argmax()]} is not that "
                f"of the data ({int(wrong_N.sum())} of {len(wrong_N)} differ), as when rows are in "
                f"another order ({PICKLED[-1]} has that of TensorFlow Datasets). Give a row per "
                "training image, in the order of the batches."
            )
        return relabelled(splits, given_N)

    def _place(self) -> Path:
        place = self.path or os.environ.get(FOLDER)
        if not place:
            raise UserError(
                f"{self!r}: nothing says where the labels of CIFAR-10N are. Set the environment "
                f"variable {FOLDER} to a folder that holds {ONE_OF}, or give path=…"
            )
        return Path(place)


def _rows(splits: Splits) -> NDArray[np.int64]:
    """Which training image of CIFAR-10 each example is."""
    found = [ID.fullmatch(example_id) for example_id in splits.train.example_id_N]
    if len(splits.classes) != len(CLASSES) or None in found:
        other = splits.train.example_id_N[found.index(None) if None in found else 0]
        raise UserError(
            f"CIFAR-10N has labels of CIFAR-10's training images, cifar10/train/00000 and so on, "
            f"in {len(CLASSES)} classes; the data have {other!r} in {len(splits.classes)}. Wrap "
            "CIFAR10()"
        )
    return np.array([int(match[1]) for match in found if match], dtype=np.int64)
