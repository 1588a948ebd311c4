"""Stacks the answers of members over the same examples to ``Records``.

Every reader of files from outside ends here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.answers import Answers, stacked
from undertow.records.records import MISSING, Records
from undertow.records.schema import Manifest


def to_records(
    manifest: Manifest,
    examples: pl.DataFrame,
    label_N: NDArray[np.int32],
    answers: Sequence[Answers],
    inputs: bool,
    left_out: pl.Series | None = None,
) -> Records:
    """Returns one population. ``label_N`` replaces any label column.

    ``inputs`` keeps what a person can look at.
    """
    label = pl.Series("label", label_N).replace(MISSING, None)
    others = [c for c in examples.columns if c not in ("example_id", "label", "input")]
    said, written = (
        _all_or_none([getattr(a, name) for a in answers]) for name in ("answer_N", "output_N")
    )
    return Records(
        manifest,
        examples.select("example_id", label, *others),
        np.stack([a.pred_N for a in answers]),
        stacked(a.p_label_N for a in answers),
        stacked(a.confidence_N for a in answers),
        stacked(a.margin_N for a in answers),
        stacked(a.proba_NC for a in answers),
        examples["input"] if inputs and "input" in examples.columns else None,
        stacked(a.score_N for a in answers),
        said,
        written if inputs else None,
        left_out,
        in_top_MN=stacked(a.in_top_N for a in answers),
    )


def _all_or_none(texts: list[pl.Series | None]) -> tuple[pl.Series, ...] | None:
    known = tuple(text for text in texts if text is not None)
    return known if len(known) == len(texts) else None
