"""Columns of both files that tell what the models made of the examples.

A model that fails at all of a hospital and nowhere else is what an audit looks for, so such a
column is not refused. One that was made from the answers chooses its examples by what happened to
one side, and then two equal models seem to differ. Only who made the column knows which it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.pair import Pair
from undertow.audit.slices.coding import code_column
from undertow.audit.slices.disputed import modal_answer, share_right
from undertow.audit.slices.own_output import follows, nearly_says_right, says_right
from undertow.audit.slices.refused import columns_asked
from undertow.errors import UserError

Floats = NDArray[np.floating[Any]]

IF_MADE = (
    "if it was made from the answers and does not say what an example is, what is said of its "
    "slices is no finding."
)


def told_by(pair: Pair) -> Iterator[str]:
    """A sentence for each column sliced by that tells what happened to the examples."""
    names = columns_asked(pair.reference, pair.settings.by)
    kinds = list(_kinds(pair)) if names else []
    for name in names:
        said = _tells(pair, kinds, pair.reference.examples[name])
        if said is not None:
            yield f"Column {name!r} {said}: {IF_MADE}"


def on_columns(notices: Sequence[str]) -> tuple[str, ...]:
    """Those of these sentences that say it of a column. They follow a verdict, which may be the
    finding that they doubt."""
    return tuple(notice for notice in notices if notice.endswith(IF_MADE))


def _kinds(pair: Pair) -> Iterator[tuple[str, Floats]]:
    """What a column may tell, and 1 for the examples of the one kind, 0 for those of the other."""
    reference, variant = pair.reference, pair.variant
    for side in (reference, variant):
        for correct_N in side.correct_MN:
            yield f"tells the right answers of {side.name!r} from the wrong ones", correct_N
    changed_N = modal_answer(reference) != modal_answer(variant)
    yield "tells the answers that changed from those that did not", changed_N.astype(np.float32)
    gain_N = share_right(variant) - share_right(reference)
    lost_N = np.where(np.isnan(gain_N), np.nan, gain_N < -1 / 2)
    yield f"tells the examples that {variant.name!r} lost from the rest", lost_N


def _tells(pair: Pair, kinds: list[tuple[str, Floats]], column: pl.Series) -> str | None:
    """The first thing that a column tells, if any."""
    try:
        code_N = code_column(column).code_N
    except UserError:  # It is no slice at all, and that is said elsewhere.
        return None
    label_N = pair.reference.label_N
    for said, kind_N in kinds:
        if says_right(code_N, kind_N, label_N):
            return said
    for side in (pair.reference, pair.variant):
        if any(follows(code_N, pred_N, label_N) for pred_N in side.pred_MN):
            return f"follows the answers of {side.name!r} even where they are wrong"
    for side in (pair.reference, pair.variant):
        if any(nearly_says_right(code_N, right_N, label_N) for right_N in side.correct_MN):
            return f"nearly tells the right answers of {side.name!r} from the wrong ones"
    return None
