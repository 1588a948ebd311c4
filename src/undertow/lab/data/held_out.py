"""``HeldOut``: a part of the training examples that no training learns from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from undertow.drawn import drawn_by_class
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
