"""``Half``: every other training example of another data set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Splits
from undertow.lab.data.longtail import take


@dataclass(frozen=True)
class Half:
    """``data`` with the training examples at its ``even`` or ``odd`` places alone, counted from 0:
    RHO-LOSS (2206.07137) trains on the even ones of CIFAR-10 and learns what can be learned from
    the odd ones.

    Test part and pixel statistics stay those of ``data``, and so do slices that count training
    examples. The two halves are rows of one whole, so a population on one of them may have a
    teacher on the other. ``UserError`` where a half lacks a class that the whole has.
    """

    data: Dataset
    which: Literal["even", "odd"] = "even"

    def __post_init__(self) -> None:
        if self.which not in ("even", "odd"):
            raise UserError(f"{self!r}: there is no such half; choose even or odd")

    @property
    def rows_of(self) -> Dataset:
        """What it has rows of."""
        return whole(self.data)

    def load(self) -> Splits:
        """Read the data and leave half of it out."""
        splits = self.data.load()
        half = take(splits.train, np.arange(self.which == "odd", len(splits.train.label_N), 2))
        lost = np.setdiff1d(splits.train.label_N, half.label_N)
        if len(lost):
            raise UserError(
                f"{self!r}: no example of {splits.classes[int(lost[0])]!r} is in this half; take "
                "data with more examples of it"
            )
        return replace(splits, train=half, recorded=True)


def whole(data: Dataset) -> Dataset:
    """The data set whose rows ``data`` has: itself, unless it says otherwise."""
    rows_of: Dataset = getattr(data, "rows_of", data)
    return rows_of
