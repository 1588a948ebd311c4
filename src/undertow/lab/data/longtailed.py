"""``LongTailed``: another data set with a long tail in what is trained on, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Part, Splits
from undertow.lab.data.longtail import LongTail, frequency_columns, take


@dataclass(frozen=True)
class LongTailed:
    """``data`` with its training part thinned by ``tail``; what is held out and the test part stay
    whole. ``LongTailed(HeldOut(data, 0.1), FlooredLongTail(100))`` holds out first, so balanced
    data have a balanced held-out part, of examples that neither training nor test has; ``HeldOut``
    around data with a tail would hold out a tail.

    All parts get ``frequency`` and ``train_count``, of what is left to train on. Pixel statistics
    stay those of ``data``. ``UserError`` where the data have a tail already.
    """

    data: Dataset
    tail: LongTail

    def load(self) -> Splits:
        """Read the data and thin the training part."""
        splits = self.data.load()
        if "frequency" in splits.train.slices.columns:
            raise UserError(f"{self!r}: its data have a long tail already; give them one")
        train = take(splits.train, self.tail.index(splits.train.label_N, len(splits.classes)))
        count_C = np.bincount(train.label_N, minlength=len(splits.classes))

        def told(part: Part) -> Part:
            columns = frequency_columns(count_C, part.label_N)
            return replace(part, slices=pl.DataFrame([*part.slices, *columns]))

        held = splits.held_out
        return replace(
            splits,
            train=told(train),
            test=told(splits.test),
            held_out=None if held is None else told(held),
            recorded=True,
        )
