"""``ThresholdClass``: training examples under a class that there is not, which say how an example
looks whose label is wrong (2001.10528)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Part, Splits
from undertow.lab.data.relabelled import with_slices, yes_no

NAME = "(threshold)"
"""Of the class that is added."""


@dataclass(frozen=True)
class ThresholdClass:
    """``data`` with one more class, the last, to which N // K of the N training examples belong,
    drawn by ``seed`` over all K classes. Nothing in their pixels teaches it, so members learn it by
    heart, as they learn wrong labels: an example whose area under the margin is like theirs is
    suspect (``undertow.audit.dynamics.threshold_class``).

    An example of the new class cannot be judged itself. The sets that ``which="first"`` and
    ``which="second"`` draw have no example in common, so train a population on each. The record's
    ``train.parquet`` has the new label as ``label``, the data's as ``given_label``, and
    ``threshold`` (yes or no); columns of the data, such as ``mislabelled``, stay. The test part and
    what is held out stay, and have no example of the new class. A binary task is none any more.
    ``UserError`` for data of one class, fewer examples than classes, or such a class there already.
    """

    data: Dataset
    which: Literal["first", "second"] = "first"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.which not in ("first", "second") or self.seed < 0:
            raise UserError(f"{self!r}: which is 'first' or 'second', seed is 0 or more")

    def load(self) -> Splits:
        """Read the data and add the class."""
        splits = self.data.load()
        classes, label_N = splits.classes, splits.train.label_N
        if NAME in classes:
            raise UserError(f"{self!r}: it has a class {NAME!r} already; add it once")
        count = len(label_N) // len(classes)
        if len(classes) < 2 or not count:
            raise UserError(
                f"{self!r}: {len(label_N)} training examples in {len(classes)} classes; two "
                "classes, and as many examples as classes, are needed"
            )
        generator = np.random.default_rng([self.seed, len(classes), 3])
        begin = count if self.which == "second" else 0
        drawn = generator.permutation(len(label_N))[begin : begin + count]
        threshold_N = np.isin(np.arange(len(label_N)), drawn)
        train = _told(splits.train, classes, threshold_N)
        new_N = np.where(threshold_N, len(classes), label_N).astype(np.int64)
        held = splits.held_out
        if held is not None:
            held = _told(held, classes, np.zeros(len(held.label_N), dtype=bool))
        return replace(
            splits,
            classes=(*classes, NAME),
            train=replace(train, label_N=new_N),
            held_out=held,
            recorded=True,
            positive=None,
        )


def _told(part: Part, classes: tuple[str, ...], threshold_N: NDArray[np.bool_]) -> Part:
    given = pl.Series("given_label", np.array(classes)[part.label_N], dtype=pl.String)
    return with_slices(part, given, yes_no("threshold", threshold_N))
