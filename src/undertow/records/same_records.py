"""Whether two populations hold the same, as a file and its copy do: then nothing is compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.records import Records

ANSWERS = (
    "pred_MN",
    "score_MN",
    "p_label_MN",
    "confidence_MN",
    "margin_MN",
    "proba_MNC",
    "in_top_MN",
)
TEXTS = ("answers", "outputs")


def hold_the_same(one: Records, other: Records) -> bool:
    """Whether every answer, every column and all that is known of the runs is equal, in whatever
    order the examples stand."""
    if (one.N, one.M, one.classes) != (other.N, other.M, other.classes) or not one.N:
        return False
    if _of_the_runs(one) != _of_the_runs(other):
        return False
    order = [side.example_id_N.arg_sort().to_numpy() for side in (one, other)]
    mine, theirs = (s.take_examples(o) for s, o in zip((one, other), order, strict=True))
    return (
        all(_equal(getattr(mine, name), getattr(theirs, name)) for name in ANSWERS)
        and {*mine.examples.columns} == {*theirs.examples.columns}
        and mine.examples.equals(theirs.examples.select(mine.examples.columns))
        and all(_texts(getattr(mine, name), getattr(theirs, name)) for name in TEXTS)
    )


def _of_the_runs(records: Records) -> object:
    """Conditions and numbers, such as how long a run took."""
    return records.manifest.conditions, [dict(member.facts) for member in records.members]


def _equal(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other, equal_nan=True)


def _texts(one: tuple[pl.Series, ...] | None, other: tuple[pl.Series, ...] | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(a.equals(b) for a, b in zip(one, other, strict=True))
