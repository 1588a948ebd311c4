"""Which members of two populations are one model, as far as their answers tell: files that were
renamed or converted tell it in no other way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.records import Records

FEWEST = 20
"""Wrong answers (answers, where nobody says which are right) from which equal ones are no
coincidence: independent members share those that labels or hard examples force on all of them."""


class Alike(NamedTuple):
    """Members that gave the same answers to the ``n`` examples that both have."""

    mine: str
    other: str
    n: int


def members_alike(telling: Records, side: Records) -> Iterator[Alike]:
    """Pairs of members that gave the same answers to everything.

    Independent members may all be right on everything, or wrong on the same few mislabelled
    examples, so equal answers are taken for one model only where many are wrong; and models that
    collapsed give one answer to all.
    """
    rows = _shared(telling, side)
    mine = [_told(telling, m, rows["mine"]) for m in range(telling.M)]
    others = [_told(side, m, rows["other"]) for m in range(side.M)]
    for m, a in enumerate(mine):
        for k, b in enumerate(others):
            n = _equal(a, b)
            if n:
                yield Alike(telling.members[m].id, side.members[k].id, n)


class _Told(NamedTuple):
    """One member on the shared examples: what it answered and its outcome. What it lacks is 0
    where there are no answers, NaN where there is no outcome."""

    answer_N: NDArray[np.uint64]
    correct_N: NDArray[np.floating[Any]]
    graded: bool


def _shared(telling: Records, side: Records) -> pl.DataFrame:
    """Places of the examples that both have."""
    mine = telling.examples.select("example_id").with_row_index("mine")
    other = side.examples.select("example_id").with_row_index("other")
    return mine.join(other, on="example_id", maintain_order="left")


def _told(records: Records, m: int, rows: pl.Series) -> _Told:
    place_N = rows.to_numpy()
    graded = records.score_MN is not None
    return _Told(_answers(records, m)[place_N], records.correct_MN[m][place_N], graded)


def _answers(records: Records, m: int) -> NDArray[np.uint64]:
    """A number for each text that the member answered, the same in all populations, whose classes
    may stand in other orders; 0 for none."""
    if records.answers is not None:
        answers = records.answers[m].cast(pl.String)
        return np.where(answers.is_null().to_numpy(), 0, answers.hash().to_numpy())
    if not records.classes:
        return np.zeros(records.N, dtype=np.uint64)
    hash_C = pl.Series([*records.classes], dtype=pl.String).hash().to_numpy()
    pred_N = records.pred_MN[m]
    known_N = (pred_N >= 0) & (pred_N < len(hash_C))
    return np.where(known_N, hash_C[np.where(known_N, pred_N, 0)], 0)


def _equal(a: _Told, b: _Told) -> int:
    """On how many examples both have answers, where these are the same and no coincidence; 0
    else."""
    answered_N = (a.answer_N > 0) & (b.answer_N > 0)
    differs_N = answered_N & (a.answer_N != b.answer_N)
    both_N, kinds = answered_N, len(np.unique(a.answer_N[answered_N]))
    if a.graded and b.graded:
        scored_N = ~np.isnan(a.correct_N) & ~np.isnan(b.correct_N)
        differs_N |= scored_N & (a.correct_N != b.correct_N)
        both_N = both_N | scored_N
        kinds = max(kinds, len(np.unique(a.correct_N[scored_N])))
    n = int(both_N.sum())
    known_N = both_N & ~np.isnan(a.correct_N)
    telling = int((a.correct_N[known_N] < 1).sum()) if known_N.any() else n
    return 0 if telling < FEWEST or differs_N.any() or kinds < 2 else n
