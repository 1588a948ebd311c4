"""scikit-learn's digits: 1,797 real handwritten digits of 8 × 8 pixels, with no file to fetch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.longtail import LongTail, take
from undertow.lab.data.splits import assemble

TRAIN = 897


@dataclass(frozen=True)
class Digits:
    """897 training and 900 test digits, split by the permutation of seed 0.

    Source: Alpaydin and Kaynak, Optical Recognition of Handwritten Digits (UCI), test part, as
    scikit-learn ships it. Pixels are the values 0 … 16 stretched to 0 … 255, so pixel / 255 lies
    within 0.002 of value / 16. ``mean`` is 0 and ``std`` 1, not the pixels' own: the network is to
    see value / 16, uncentred. Example ids are ``digits/<row in scikit-learn's table>``.
    """

    tail: LongTail | None = None

    def load(self) -> Splits:
        """Both parts, in the order of the permutation."""
        from sklearn.datasets import load_digits

        value_NHW, label_N = load_digits().images, load_digits().target
        x_NCHW = np.round(value_NHW * (255 / 16)).astype(np.uint8)[:, None]
        ids = tuple(f"digits/{row:04d}" for row in range(len(label_N)))
        whole = Part(x_NCHW, label_N.astype(np.int64), ids, pl.DataFrame())
        order = np.random.default_rng(0).permutation(len(label_N))
        train, test = take(whole, order[:TRAIN]), take(whole, order[TRAIN:])
        splits = assemble("digits", tuple("0123456789"), train, test, self.tail)
        return Splits(
            splits.name, splits.classes, splits.train, splits.test, mean=(0.0,), std=(1.0,)
        )
