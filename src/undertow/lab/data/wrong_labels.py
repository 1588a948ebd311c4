"""``WrongLabels``: training labels that are wrong on purpose, and known to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undertow.drawn import drawn_by_class
from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Splits
from undertow.lab.data.relabelled import load_to_relabel, relabelled


@dataclass(frozen=True)
class WrongLabels:
    """``data`` with another label for ``share`` of the training examples of each class, drawn by
    ``seed``: each of the other classes as likely as any.

    With ``fixed_points`` the new label is any class, the right one too, as in 2107.07741 and
    2002.07394: of K classes, (K − 1) / K of the share are wrong. The column ``relabelled`` then
    says whose label was drawn.

    What training sees is the wrong label. The record's ``train.parquet`` has it as ``label``, the
    right one as ``true_label``, and ``mislabelled`` (yes or no): whether they differ. The test part
    stays as it is. ``UserError`` for a share outside 0 to 1, a data set of one class, or labels
    that were changed already.
    """

    data: Dataset
    share: float
    seed: int = 0
    fixed_points: bool = False

    def load(self) -> Splits:
        """Read the data and change labels."""
        splits = load_to_relabel(self, self.data)
        if not 0 <= self.share <= 1 or len(splits.classes) < 2:
            raise UserError(f"{self!r}: a share of 0 to 1, and two classes or more, are needed")
        right_N, classes = splits.train.label_N, len(splits.classes)
        drawn_N = drawn_by_class(right_N, self.share, self.seed)
        # streams of their own: which are wrong does not depend on what they become
        if self.fixed_points:
            generator = np.random.default_rng([self.seed, classes, 2])
            new_N = generator.integers(0, classes, len(right_N))
            return relabelled(splits, np.where(drawn_N, new_N, right_N), drawn_N)
        generator = np.random.default_rng([self.seed, classes, 1])
        away_N = generator.integers(1, classes, len(right_N))
        return relabelled(splits, np.where(drawn_N, (right_N + away_N) % classes, right_N))
