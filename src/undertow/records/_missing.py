"""Outcomes that are not there: what a model did not answer is refused, left out or counted as
wrong, never forgotten.

Left in silence they flatter: a model that crashes on what it cannot do would be compared on the
rest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import NotComparableError
from undertow.records.reading import Missing
from undertow.records.records import MISSING, NO_ANSWER, Records

Bools = NDArray[np.bool_]
Sides = tuple[Records, Records]


COUNTED = "add --missing wrong, which counts each as a wrong answer of its side"
LEFT_OUT = (
    "--allow-partial, which leaves those examples out on both sides, so that a model pays nothing "
    "for what it did not answer"
)
"""The ways on, the one that flatters nobody first."""


class Answered(NamedTuple):
    """Two populations without a missing outcome, and how many examples count as wrong for want of
    one."""

    reference: Records
    variant: Records
    filled: int


def answered(
    reference: Records, variant: Records, said: list[str], *, allow_partial: bool, missing: Missing
) -> Answered:
    """Refuse missing outcomes, count them as wrong (``missing="wrong"``), or leave their examples
    out.

    A graded example has no outcome where a member's score is NaN, unless its whole task is scored
    on neither side; another one where a member has no prediction. Raises ``NotComparableError``
    with the counts and the ways on.
    """
    graded = _graded(reference, variant)
    sides = (_without_outcome(reference, graded), _without_outcome(variant, graded))
    lost_N = sides[0].any(axis=0) | sides[1].any(axis=0)
    lost = int(lost_N.sum())
    if not lost:
        return Answered(reference, variant, 0)
    what = "score" if graded is not None else "prediction"
    counts = _counts((reference, variant), sides)
    if missing == "wrong":
        said.append(f"Counted as wrong, because they have no {what}: {counts}.")
        return Answered(*_wrong((reference, variant), sides), lost)
    if not allow_partial or lost == reference.N:
        # What counts them comes first: left out, they flatter the model that lacks them.
        left_out = f", or {LEFT_OUT}" if lost < reference.N else ""
        raise NotComparableError(
            f"{reference.name!r} and {variant.name!r} lack outcomes: there is no {what} for "
            f"{counts}; evaluate them again, or {COUNTED}{left_out}"
        )
    said.append(f"Left out, because they have no {what}: {counts}.")
    kept_N = np.flatnonzero(~lost_N)
    return Answered(reference.take_examples(kept_N), variant.take_examples(kept_N), 0)


def _graded(reference: Records, variant: Records) -> Bools | None:
    """Which examples are of a task that is scored on some side; ``None`` where outcomes are
    predictions."""
    scores = [r.score_MN for r in (reference, variant)]
    if scores[0] is None or scores[1] is None:
        return None
    scored_N = ~np.isnan(scores[0]).all(axis=0) | ~np.isnan(scores[1]).all(axis=0)
    if "task" not in reference.examples.columns:
        return np.full(reference.N, scored_N.any())
    task, known = reference.examples["task"].cast(pl.String), pl.Series(scored_N)
    return task.is_in(task.filter(known).unique().implode(), nulls_equal=True).to_numpy()


def _without_outcome(records: Records, graded_N: Bools | None) -> Bools:
    """(M, N): where a member has no outcome."""
    if graded_N is None or records.score_MN is None:
        return np.asarray(records.pred_MN < 0)
    return np.isnan(records.score_MN) & graded_N[None, :]


def _counts(records: Sides, sides: tuple[Bools, Bools]) -> str:
    """``3 of 500 examples in 'old' (first 'q1') and 2 of 500 in 'new' (first 'q2')``, of any
    member."""
    told = []
    for side, lost_MN in zip(records, sides, strict=True):
        lost_N = lost_MN.any(axis=0)
        if lost_N.any():
            first = side.example_id_N[int(lost_N.argmax())]
            told.append(
                f"{int(lost_N.sum()):,} of {side.N:,} examples in {side.name!r} (first {first!r})"
            )
    return " and ".join(told)


def _wrong(records: Sides, sides: tuple[Bools, Bools]) -> Sides:
    """Score 0, and an answer of its own that is never right: nobody gave the other of two."""
    before, after = (_filled(r, lost_MN) for r, lost_MN in zip(records, sides, strict=True))
    if max(int(r.pred_MN.max(initial=MISSING)) for r in (before, after)) < before.C:
        return before, after
    name = NO_ANSWER
    while name in before.classes:
        name = f"({name})"
    return _with_class(before, name), _with_class(after, name)


def _filled(records: Records, lost_MN: Bools) -> Records:
    score_MN = (
        None if records.score_MN is None else np.where(lost_MN, np.float32(0), records.score_MN)
    )
    return replace(
        records, score_MN=score_MN, pred_MN=np.where(lost_MN, np.int32(records.C), records.pred_MN)
    )


def _with_class(records: Records, name: str) -> Records:
    """One more class, to which no member gives a probability."""
    proba_MNC = records.proba_MNC
    if proba_MNC is not None:
        proba_MNC = np.pad(proba_MNC, ((0, 0), (0, 0), (0, 1)))
    manifest = records.manifest.model_copy(update={"classes": (*records.classes, name)})
    return replace(records, manifest=manifest, proba_MNC=proba_MNC)


def coverage(reference: Records, variant: Records, known: Sides, filled: int) -> str:
    """What a verdict must say of its examples: how many it rests on, and how many count as wrong;
    empty for all, and where nothing says right or wrong. ``known`` are the two sides as they
    came."""
    if not (reference.outcome_known and variant.outcome_known):
        return ""
    measured_N = ~(
        np.isnan(reference.correct_MN).all(axis=0) | np.isnan(variant.correct_MN).all(axis=0)
    )
    measured, total = int(measured_N.sum()), examples_of(known)
    said = [f"Compared on {measured:,} of {total:,} examples."] if measured < total else []
    if filled:
        lack = (
            "has no outcome on a side and counts"
            if filled == 1
            else "have no outcome on a side and count"
        )
        said.append(f"{filled:,} of {measured:,} examples {lack} as wrong there.")
    return " ".join(said)


def examples_of(known: Sides) -> int:
    """How many examples either side has, or had before reading left any out; those without an id
    are counted once."""
    lists = [ids for r in known for ids in (r.example_id_N, r.left_out) if ids is not None]
    if all(ids.equals(lists[0], check_names=False) for ids in lists[1:]):
        return len(lists[0])
    ids = pl.concat([ids.alias("id") for ids in lists])
    nameless = max(r.left_out.null_count() if r.left_out is not None else 0 for r in known)
    return ids.drop_nulls().n_unique() + nameless
