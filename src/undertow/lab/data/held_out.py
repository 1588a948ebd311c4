"""``HeldOut``: a part of the training examples that no training learns from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Splits
from undertow.lab.data.longtail import take


@dataclass(frozen=True)
class HeldOut:
    """``data`` with ``share`` of the training examples of each class set aside as the part
    ``held_out``, drawn by ``seed``.

    What looks at it between steps (an objective that balances groups, a stopping rule) reads it
    from the feed. The record's ``train.parquet`` says of each example in which part it is. Pixel
    statistics stay those of ``data``, and so do slices that count training examples.
    ``UserError`` where a class would be left without an example
    in either part.
    """

    data: Dataset
    share: float = 0.1
    seed: int = 0

    def load(self) -> Splits:
        """Read the data and cut."""
        splits = self.data.load()
        if splits.held_out is not None:
            raise UserError(f"{self!r}: some of its examples are held out already; hold out once")
        held_N = drawn_by_class(splits.train.label_N, self.share, self.seed)
        for label, name in enumerate(splits.classes):
            of_class_N = splits.train.label_N == label
            kept = int((of_class_N & ~held_N).sum())
            if of_class_N.any() and kept in (0, int(of_class_N.sum())):
                raise UserError(
                    f"{self!r}: of the {int(of_class_N.sum())} training examples of {name!r} it "
                    f"leaves {kept}; both parts need one. Give another share"
                )
        return replace(
            splits,
            train=take(splits.train, np.flatnonzero(~held_N)),
            held_out=take(splits.train, np.flatnonzero(held_N)),
            recorded=True,
        )


def drawn_by_class(label_N: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """Which examples are drawn: ``share`` of each class, rounded, halves upwards. Which of a class
    depends on ``seed`` and the class alone, so a larger share holds a smaller one. ``UserError``
    for a share outside 0 to 1 or a seed below 0."""
    if not 0 <= share <= 1 or seed < 0:
        raise UserError(
            f"share={share!r}, seed={seed!r}: a share of 0 to 1 and a seed of 0 or more are needed"
        )
    drawn_N = np.zeros(len(label_N), dtype=bool)
    for label in np.unique(label_N):
        rows = np.flatnonzero(label_N == label)
        generator = np.random.default_rng([seed, int(label)])
        drawn_N[generator.permutation(rows)[: int(share * len(rows) + 0.5)]] = True
    return drawn_N
