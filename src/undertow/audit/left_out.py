"""Whether the examples that a partial comparison leaves out are like the rest.

A model that answers only what it can do looks better on what is left. So what is left out is set
against all examples, class by class and slice by slice: by the hypergeometric tail, corrected over
all values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.audit.slices.table import ALL, CLASS, absent_part, slice_table
from undertow.records.check import Aligned
from undertow.records.reading import Missing
from undertow.records.records import Records

Bools = NDArray[np.bool_]
LEVEL = 0.01
"""How often, at most, examples left out at random are said to be unlike the rest."""
LONGEST = 60
"""Letters of a slice that is named."""


class _Most(NamedTuple):
    """The value of which chance explains least that so much is left out: its share, and that of
    all examples."""

    slice: str
    value: str
    share: float
    of_all: float


def left_out_said(
    reference: Records, variant: Records, aligned: Aligned, by: Sequence[str], missing: Missing
) -> Iterator[str]:
    """What is left out, where it is shown to be unlike the rest; ``by`` are the slices that were
    asked for. The sides are as they came, before any example was left out."""
    if not aligned.left_out:
        return
    out_N = [_is_left_out(side, aligned) for side in (reference, variant)]
    side = 0 if out_N[0].sum() >= out_N[1].sum() else 1
    most = _concentrated((reference, variant)[side], out_N[side], by)
    if most is None:
        return
    what = f"{100 * most.share:.0f} % of {most.slice} {most.value[:LONGEST]}"
    of_all = f"{100 * most.of_all:.0f} % of all"
    said = f"{aligned.left_out:,} examples were left out, {what} and {of_all}"
    fall = 0.0 if side else _fall(reference, variant, aligned, out_N[0])
    if fall > 0:
        said += f"; counted as wrong, {reference.outcome} would fall by {100 * fall:.1f} points"
        yield f"{said}. {_way(reference, variant, out_N[0], missing)}"
    else:
        yield f"{said}: what is compared does not stand for all."


def way_to_count(reference: Records, variant: Records, aligned: Aligned, missing: Missing) -> str:
    """How examples of the reference that are left out count as wrong, a sentence; empty where none
    is."""
    out_N = _is_left_out(reference, aligned)
    return _way(reference, variant, out_N, missing) if out_N.any() else ""


def _is_left_out(side: Records, aligned: Aligned) -> Bools:
    kept = aligned.reference.example_id_N
    return np.asarray(~side.example_id_N.is_in(kept.implode()).to_numpy())


def _concentrated(side: Records, out_N: Bools, by: Sequence[str]) -> _Most | None:
    names = [n for n in dict.fromkeys((CLASS, *by)) if n != ALL and absent_part(side, n) is None]
    table = slice_table(side, names)
    if not table.G or not out_N.any() or out_N.all():
        return None
    from scipy.stats import hypergeom  # Here, as it takes a third of the time to start.

    out_G = np.asarray(table.membership_GN @ out_N.astype(np.float64)).round().astype(np.int64)
    p_G = hypergeom.sf(out_G - 1, side.N, int(out_N.sum()), table.count_G)
    g = int(np.lexsort((-out_G / table.count_G, p_G))[0])
    if p_G[g] * table.G > LEVEL:
        return None
    share = float(out_G[g] / table.count_G[g])
    return _Most(table.column_G[g], table.value_G[g], share, float(out_N.mean()))


def _fall(reference: Records, variant: Records, aligned: Aligned, out_N: Bools) -> float:
    """By how much the variant would be below the reference, had it answered wrongly what it did not
    answer; 0 where that is not known."""
    gave_out = _answered(reference, variant, out_N)
    if variant.M > 1 or gave_out.any():
        return 0.0
    before: NDArray[Any] = np.nan_to_num(_means(reference.correct_MN), nan=-1.0)
    known_N = before >= 0
    after = np.nan_to_num(_means(aligned.variant.correct_MN), nan=0.0)
    n = int(known_N.sum())
    return float((before[known_N].sum() - after.sum()) / n) if n else 0.0


def _means(correct_MN: NDArray[Any]) -> NDArray[Any]:
    """Per example over members that have an outcome; NaN where none has."""
    known_MN = ~np.isnan(correct_MN)
    count_N = known_MN.sum(axis=0)
    sum_N = np.where(known_MN, correct_MN, 0).sum(axis=0, dtype=np.float64)
    return np.where(count_N > 0, sum_N / np.maximum(count_N, 1), np.nan)


def _answered(reference: Records, variant: Records, out_N: Bools) -> Bools:
    """Which of the examples left out the variant has an outcome for after all: there the sides
    disagree about something else."""
    has_N = ~np.isnan(variant.correct_MN).all(axis=0) | (variant.pred_MN >= 0).any(axis=0)
    ids = variant.example_id_N.filter(np.asarray(has_N))
    return np.asarray(reference.example_id_N.filter(out_N).is_in(ids.implode()).to_numpy())


def _way(reference: Records, variant: Records, out_N: Bools, missing: Missing) -> str:
    """How they are counted as wrong: a row is needed for that."""
    if missing == "wrong":
        return "Give each a row with an empty answer, which --missing wrong counts as wrong."
    out = reference.example_id_N.filter(out_N)
    rows = [variant.example_id_N, *([] if variant.left_out is None else [variant.left_out])]
    there = np.any([out.is_in(ids.drop_nulls().implode()).to_numpy() for ids in rows], axis=0)
    if there.all():
        return "Add --missing wrong."
    return "Give each a row with an empty answer, and add --missing wrong."
