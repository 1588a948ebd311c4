"""``ShuffledLabels``: training labels that were dealt anew among some of the examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undertow.drawn import drawn_by_class
from undertow.lab.data.dataset import Dataset, Splits
from undertow.lab.data.relabelled import load_to_relabel, relabelled, shuffled_among


@dataclass(frozen=True)
class ShuffledLabels:
    """``data`` with the labels of ``share`` of the training examples of each class, drawn by
    ``seed``, permuted among these examples (2107.13098): each class keeps its count.

    A label may come back to its own example or to another of its class: of K equal classes, about
    (K − 1) / K of the share are wrong. The record's ``train.parquet`` has what training sees as
    ``label``, the right one as ``true_label``, ``mislabelled`` (yes or no) and ``relabelled``:
    whose label was shuffled. The test part stays as it is. ``UserError`` for a share outside 0 to
    1, and for labels that were changed already.
    """

    data: Dataset
    share: float
    seed: int = 0

    def load(self) -> Splits:
        """Read the data and shuffle labels."""
        splits = load_to_relabel(self, self.data)
        right_N = splits.train.label_N
        drawn_N = drawn_by_class(right_N, self.share, self.seed)
        generator = np.random.default_rng([self.seed, len(splits.classes), 3])
        return relabelled(splits, shuffled_among(right_N, drawn_N, generator), drawn_N)
