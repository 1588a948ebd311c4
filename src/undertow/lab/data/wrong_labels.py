"""``WrongLabels``: training labels that are wrong on purpose, and known to be."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Part, Splits
from undertow.lab.data.held_out import drawn_by_class


@dataclass(frozen=True)
class WrongLabels:
    """``data`` with another label for ``share`` of the training examples of each class, drawn by
    ``seed``: each of the other classes as likely as any.

    What training sees is the wrong label. The record's ``train.parquet`` has it as ``label``, the
    right one as ``true_label``, and ``mislabelled`` (yes or no). The test part stays as it is.
    ``UserError`` for a share outside 0 to 1, or a data set of one class.
    """

    data: Dataset
    share: float
    seed: int = 0

    def load(self) -> Splits:
        """Read the data and change labels."""
        splits = self.data.load()
        if not 0 <= self.share <= 1 or len(splits.classes) < 2:
            raise UserError(f"{self!r}: a share of 0 to 1, and two classes or more, are needed")
        if "true_label" in splits.train.slices.columns:
            raise UserError(
                f"{self!r}: its labels are wrong on purpose already; give one WrongLabels the "
                "share that you want"
            )
        right_N, classes = splits.train.label_N, len(splits.classes)
        wrong_N = drawn_by_class(right_N, self.share, self.seed)
        # streams of their own: which are wrong does not depend on what they become
        generator = np.random.default_rng([self.seed, classes, 1])
        away_N = generator.integers(1, classes, len(right_N))
        given_N = np.where(wrong_N, (right_N + away_N) % classes, right_N)
        names = np.array(splits.classes)

        def marked(part: Part, true_N: NDArray[np.int64], wrong_N: NDArray[np.bool_]) -> Part:
            columns = [
                *part.slices.get_columns(),
                pl.Series("true_label", names[true_N]),
                pl.Series("mislabelled", np.where(wrong_N, "yes", "no")),
            ]
            return replace(part, slices=pl.DataFrame(columns))

        train = replace(splits.train, label_N=given_N.astype(np.int64))
        held = splits.held_out
        if held is not None:  # it is looked at and not learned from, so its labels stay right
            held = marked(held, held.label_N, np.zeros(len(held.label_N), dtype=bool))
        return replace(splits, train=marked(train, right_N, wrong_N), held_out=held, recorded=True)
