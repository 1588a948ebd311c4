"""Which members of two populations are one model, as far as their answers tell: files that were
renamed or converted tell it in no other way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.dynamics.shared_errors import EDITED, Told, is_copied
from undertow.records.records import Records

FEWEST = 20
"""Wrong answers (answers, where nobody says which are right) from which equal ones are no
coincidence: independent members share those that labels or hard examples force on all of them."""

MOSTLY = 0.9
"""Share of labels of one name above which another label of a known class is one that was corrected,
and no other name of it."""


class Alike(NamedTuple):
    """Members that gave the same answers to the ``n`` examples that both have, but for a few that
    ``differ``."""

    mine: str
    other: str
    n: int
    differ: int = 0


def members_alike(telling: Records, side: Records) -> Iterator[Alike]:
    """Pairs of members that gave the same answers to everything, or that share their errors as no
    other two members do.

    Independent members may all be right on everything, or wrong on the same few mislabelled
    examples, so equal answers are taken for one model only where many are wrong; and models that
    collapsed give one answer to all. Where other members are wrong in other ways, a few answers may
    differ.
    """
    rows = _shared(telling, side)
    words = _renamed(telling, side, rows)
    mine = [_told(telling, m, rows["mine"], words) for m in range(telling.M)]
    others = [_told(side, m, rows["other"], {}) for m in range(side.M)]
    for m, a in enumerate(mine):
        for k, b in enumerate(others):
            n, differ = _equal(a, b), 0
            witnesses = [*mine[:m], *mine[m + 1 :], *others[:k], *others[k + 1 :]]
            if not n and is_copied(a, b, witnesses, len(mine) * len(others)):
                both_N = (a.answer_N > 0) & (b.answer_N > 0)
                n, differ = int(both_N.sum()), int((a.answer_N != b.answer_N)[both_N].sum())
            if n:
                yield Alike(telling.members[m].id, side.members[k].id, n, differ)


def _shared(telling: Records, side: Records) -> pl.DataFrame:
    """Places of the examples that both have."""
    mine = telling.examples.select("example_id").with_row_index("mine")
    other = side.examples.select("example_id").with_row_index("other")
    return mine.join(other, on="example_id", maintain_order="left")


def _renamed(telling: Records, side: Records, rows: pl.DataFrame) -> dict[str, str]:
    """What the side calls the classes of the telling one, where labels tell it: nearly all, as a
    few may have been corrected."""
    names = ("mine", "other")
    truths = [s.truths_of(rows[n].to_numpy()) for s, n in zip((telling, side), names, strict=True)]
    labels = pl.DataFrame(dict(zip(names, truths, strict=True))).drop_nulls()
    pairs = labels.group_by(names, maintain_order=True).len()
    same = pl.col("mine") == pl.col("other")
    if labels.filter(same).height > MOSTLY * len(labels):
        pairs = pairs.filter(same | ~pl.col("mine").is_in(side.classes))
    pairs = pairs.sort("len", descending=True, maintain_order=True)
    for name in names:
        pairs = pairs.unique(name, keep="first", maintain_order=True)
    one_to_one = pairs["len"].sum() >= (1 - EDITED) * len(labels)
    return dict(pairs.select(names).iter_rows()) if one_to_one else {}


def _told(records: Records, m: int, rows: pl.Series, words: Mapping[str, str]) -> Told:
    place_N = rows.to_numpy()
    correct_N = records.correct_MN[m]
    apart_N = np.delete(correct_N, place_N)
    graded = records.score_MN is not None
    elsewhere = len(apart_N) if (apart_N == 0).all() else 0
    return Told(_answers(records, m, words)[place_N], correct_N[place_N], graded, elsewhere)


def _answers(records: Records, m: int, words: Mapping[str, str]) -> NDArray[np.uint64]:
    """A number for each text that the member answered, the same in all populations, whose classes
    may stand in other orders or have other ``words``; 0 for none, and for a class for which no
    label shows the other word."""
    if records.answers is not None:
        answers = records.answers[m].cast(pl.String)
        return np.where(answers.is_null().to_numpy(), 0, answers.hash().to_numpy())
    if not records.classes:
        return np.zeros(records.N, dtype=np.uint64)
    same = all(word == c for c, word in words.items())
    named_C = pl.Series(
        [words.get(c, c if same else None) for c in records.classes], dtype=pl.String
    )
    hash_C = np.where(named_C.is_null().to_numpy(), 0, named_C.hash().to_numpy())
    pred_N = records.pred_MN[m]
    known_N = (pred_N >= 0) & (pred_N < len(hash_C))
    return np.where(known_N, hash_C[np.where(known_N, pred_N, 0)], 0)


def _equal(a: Told, b: Told) -> int:
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
    telling += max(a.wrong_apart, b.wrong_apart)
    return 0 if telling < FEWEST or differs_N.any() or kinds < 2 else n
