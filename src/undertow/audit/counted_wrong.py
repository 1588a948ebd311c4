"""What a comparison would be if the answers that the variant alone lacks counted as wrong.

It is aligned as it will be once that is done, so that what is said before is what is found after:
whatever else has no answer then counts as wrong too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.pair import Pair
from undertow.audit.stats.over_runs import mean_of_runs
from undertow.audit.stats.slice_means import overall_means
from undertow.errors import NotComparableError
from undertow.records._same_classes import same_classes
from undertow.records.formats.members.join import TWICE
from undertow.records.reading import Missing
from undertow.records.records import MISSING, Records

Bools = NDArray[np.bool_]
Compare = Callable[[Records, Records], Pair]
"""Compares two sides, with each answer that is not there counted as wrong."""


class Counted(NamedTuple):
    """That comparison: the examples in it, by how much the outcome changes, and which examples come
    in to which the reference, or a member of it, has no answer."""

    ids: pl.Series
    change: float
    bare: pl.Series


def counted_wrong(
    reference: Records,
    variant: Records,
    lacked_N: Bools,
    kept: pl.Series,
    missing: Missing,
    compare: Compare,
) -> Counted | None:
    """With a row without an answer for each of the reference's examples that the variant lacks;
    ``kept`` are the examples that are compared already. ``None`` where these records do not tell
    it: rows that reading left out for want of an answer come back, whose label, or what other
    members answered, may stand nowhere else."""
    before, after = same_classes(reference, variant, [])
    mine, theirs = _left_out(before, missing), _left_out(after, missing)
    if any(TWICE in note for side in (reference, variant) for note in side.manifest.notes):
        return None
    if len(mine) + len(theirs) and not _told(before, after, mine, theirs):
        return None
    before = _with_rows(before, after, _in(after.example_id_N, mine))
    wanted = pl.concat([reference.example_id_N.filter(lacked_N), theirs])
    after = _with_rows(
        after,
        before,
        _in(before.example_id_N, wanted) & ~_in(before.example_id_N, after.example_id_N),
    )
    try:
        pair = compare(before, after)
    except NotComparableError:
        return None
    ids = pair.reference.example_id_N
    scored_N = ~np.isnan(pair.reference.correct_MN).all(axis=0) & ~_in(ids, kept)
    bare_N: Bools = np.asarray(np.isnan(before.correct_MN).any(axis=0))
    bare = before.example_id_N.filter(bare_N)
    return Counted(ids, _change(pair), ids.filter(scored_N & _in(ids, bare)))


def _change(pair: Pair) -> float:
    """The outcome's shift on the whole, as the audit measures it."""
    before_MN, after_MN = (s.correct_MN.astype(np.float64) for s in (pair.reference, pair.variant))
    if pair.design.mode == "members":
        return float(overall_means(after_MN).mean() - overall_means(before_MN).mean())
    return float(np.nanmean(mean_of_runs(after_MN) - mean_of_runs(before_MN)))


def _left_out(side: Records, missing: Missing) -> pl.Series:
    """Ids of rows that reading left out for want of an answer."""
    if side.left_out is None or missing == "wrong":
        return side.example_id_N.clear()
    return side.left_out.drop_nulls()


def _told(before: Records, after: Records, mine: pl.Series, theirs: pl.Series) -> bool:
    """Whether it is known what rows that come back hold. Labels are those of the other side, if
    these are the same wherever both have the example; of the reference one member's empty answer,
    and no row that came back to both."""
    if not _same_labels(before, after):
        return False
    there_N = _in(after.example_id_N, mine)
    labelled = before.score_MN is not None or bool((after.label_N[there_N] >= 0).all())
    return not len(mine) or (before.M == 1 and labelled and not _in(mine, theirs).any())


def _same_labels(before: Records, after: Records) -> bool:
    sides = (before, after)
    if not all((side.label_N >= 0).any() for side in sides):
        return True
    mine, other = (pl.DataFrame({"id": side.example_id_N, "label": side.label_N}) for side in sides)
    both = mine.join(other, on="id")
    return bool((both["label"] == both["label_right"]).all())


def _with_rows(side: Records, other: Records, which_N: Bools) -> Records:
    """With the examples ``which_N`` of the other side, without an answer to them."""
    more = int(which_N.sum())
    if not more:
        return side
    shared = [name for name in side.examples.columns if name in other.examples.columns]
    added = other.examples.filter(which_N).select(shared)
    if not (side.label_N >= 0).any():
        added = added.select(pl.exclude("label"))
    added = added.cast({c: side.examples.schema[c] for c in added.columns}, strict=False)
    examples = pl.concat([side.examples, added], how="diagonal")
    return replace(side, examples=examples, **dict(_lengthened(side, more)))


def _lengthened(side: Records, more: int) -> Iterator[tuple[str, Any]]:
    """What a side answered, with nothing for ``more`` examples; of what it believed, nothing."""
    none = pl.Series([None] * more, dtype=pl.String)
    yield "pred_MN", np.pad(side.pred_MN, ((0, 0), (0, more)), constant_values=MISSING)
    if side.score_MN is not None:
        yield "score_MN", np.pad(side.score_MN, ((0, 0), (0, more)), constant_values=np.nan)
    if side.answers is not None:
        yield "answers", tuple(pl.concat([a, none.cast(a.dtype)]) for a in side.answers)
    if side.inputs is not None:
        yield "inputs", pl.concat([side.inputs, none.cast(side.inputs.dtype)])
    for name in ("p_label_MN", "confidence_MN", "margin_MN", "proba_MNC", "in_top_MN", "outputs"):
        yield name, None


def _in(ids: pl.Series, others: pl.Series) -> Bools:
    return np.asarray(ids.is_in(others.implode()).to_numpy(), dtype=np.bool_)
