"""How many right answers a variant can have lost among the examples that are not compared."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.left_out import is_left_out
from undertow.records.check import Aligned
from undertow.records.records import Records


class LostAtMost(NamedTuple):
    """Examples of the reference that were left out, with the most of each (K,) that it was right
    on; on how many of them the right answers of the sides differ, and how many there are in all."""

    examples: Records
    most_K: NDArray[np.floating[Any]]
    differ: int


def lost_at_most(reference: Records, variant: Records, aligned: Aligned) -> LostAtMost:
    """Of sides as they came. Where these differ in the right answer, nobody knows whether the
    reference was right; what it did not answer, the variant cannot have lost."""
    out = np.flatnonzero(is_left_out(reference, aligned))
    examples = reference.take_examples(out)
    has_MN = examples.pred_MN >= 0 if examples.score_MN is None else ~np.isnan(examples.score_MN)
    right_MN = np.where(np.isnan(examples.correct_MN), has_MN, examples.correct_MN)
    differ_N = _right_answers_differ(reference, variant)[out]
    most_N = np.where(differ_N, has_MN, right_MN).mean(axis=0)
    return LostAtMost(examples, most_N, int(differ_N.sum()))


def _right_answers_differ(reference: Records, variant: Records) -> NDArray[np.bool_]:
    mine, theirs = (
        pl.DataFrame({"id": side.example_id_N, "said": side.truths_of(np.arange(side.N))})
        for side in (reference, variant)
    )
    both = mine.join(theirs, on="id", how="left", maintain_order="left")
    return np.asarray((both["said"] != both["said_right"]).fill_null(False).to_numpy())
