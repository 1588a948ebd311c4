"""What the examples that a partial comparison leaves out would cost, and whether they are like the
rest.

A model that answers only what it can do looks better on what is left, in every class alike. So it
is said where it would be, had it answered the others wrongly. And what is left out is set against
all examples, class by class and slice by slice: by the hypergeometric tail, corrected over all
values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.counted_wrong import Compare, Counted, counted_wrong
from undertow.audit.slices.table import ALL, CLASS, absent_part, slice_table
from undertow.audit.wording import decimals
from undertow.records.check import Aligned
from undertow.records.formats.members.join import TWICE
from undertow.records.reading import Missing
from undertow.records.records import Records

Bools = NDArray[np.bool_]
LEVEL = 0.01
"""How often, at most, examples left out at random are said to be unlike the rest."""
LONGEST = 60
"""Letters of a slice that is named."""


class LeftOut(NamedTuple):
    """What is said of examples that are left out, and what those would cost to which the variant
    alone has no answer, a sentence; empty where there is none."""

    said: tuple[str, ...] = ()
    cost: str = ""


class _Most(NamedTuple):
    """The value of which chance explains least that so much is left out: its share, and that of
    all examples."""

    slice: str
    value: str
    share: float
    of_all: float


def left_out_said(
    reference: Records,
    variant: Records,
    aligned: Aligned,
    by: Sequence[str],
    missing: Missing,
    compare: Compare,
) -> LeftOut:
    """What is left out: what it would cost if the variant lacks it, and where it is shown to be
    unlike the rest; ``by`` are the slices that were asked for. The sides are as they came, before
    any example was left out; ``compare`` does it with what is not answered counted as wrong."""
    if not aligned.left_out:
        return LeftOut()
    out_N = [is_left_out(side, aligned) for side in (reference, variant)]
    lacked_N = _lacked(reference, variant, out_N[0], missing)
    cost, alone = "", " alone"
    if variant.M == 1 and lacked_N.any():
        kept = aligned.reference.example_id_N
        counted = counted_wrong(reference, variant, lacked_N, kept, missing, compare)
        if counted is not None:
            lacked_N &= reference.example_id_N.is_in(counted.ids.implode()).to_numpy()
            bare_N = reference.example_id_N.is_in(counted.bare.implode()).to_numpy()
            alone = "" if (lacked_N & bare_N).any() else alone
        cost = _cost(reference, variant, counted, lacked_N) if lacked_N.any() else ""
    side = 0 if cost or out_N[0].sum() >= out_N[1].sum() else 1
    most = _concentrated((reference, variant)[side], lacked_N if cost else out_N[side], by)
    if not (cost or most):
        return LeftOut()
    every = aligned.left_out + aligned.reference.N
    said = f"{aligned.left_out:,} of {every:,} examples were left out"
    if cost and lacked_N.sum() < aligned.left_out:
        said += f", {lacked_N.sum():,} of them as {variant.name!r}{alone} has no answer"
    if most:
        said += f", {100 * most.share:.0f} % of {most.slice} {most.value[:LONGEST]}"
        said += f" and {100 * most.of_all:.0f} % of all"
    if not cost:
        return LeftOut((f"{said}: what is compared does not stand for all.",))
    have = f"{lacked_N.sum():,} of those left out {'has' if lacked_N.sum() == 1 else 'have'}"
    return LeftOut(
        (f"{said}; {cost}. {_way(reference, variant, lacked_N, missing)}",),
        f"{have} no answer of {variant.name!r}; {cost}.",
    )


def way_to_count(reference: Records, variant: Records, aligned: Aligned, missing: Missing) -> str:
    """How examples of the reference that are left out count as wrong, a sentence; empty where none
    is."""
    out_N = is_left_out(reference, aligned)
    return _way(reference, variant, out_N, missing) if out_N.any() else ""


def is_left_out(side: Records, aligned: Aligned) -> Bools:
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


def _lacked(reference: Records, variant: Records, out_N: Bools, missing: Missing) -> Bools:
    """To which of the examples left out the variant alone gave no answer; of others the sides
    disagree about something else, or the reference has none to lose."""
    lacked_N = out_N & ~_answered(reference, variant) & ~_disputed(reference, variant)
    if missing != "wrong":
        lacked_N &= ~np.isnan(reference.correct_MN).any(axis=0)
    return np.asarray(lacked_N & reference.outcome_known)


def _disputed(reference: Records, variant: Records) -> Bools:
    """Which of the reference's examples have another right answer or another content at the
    variant: they stay left out, answered or not."""
    differs_N = np.zeros(reference.N, dtype=bool)
    for said in (_truths, _contents):
        mine, other = (
            pl.DataFrame({"example_id": side.example_id_N, "said": said(side)})
            for side in (reference, variant)
        )
        both = mine.join(other, on="example_id", how="left", maintain_order="left")
        differs_N |= (both["said"] != both["said_right"]).fill_null(False).to_numpy()
    return differs_N


def _truths(side: Records) -> pl.Series:
    return side.truths_of(np.arange(side.N))


def _contents(side: Records) -> pl.Series:
    if "content_hash" in side.examples.columns:
        return side.examples["content_hash"].cast(pl.String)
    return pl.Series([None] * side.N, dtype=pl.String)


def _cost(reference: Records, variant: Records, counted: Counted | None, lacked_N: Bools) -> str:
    """Where the variant would be beside the reference, had it answered wrongly what it did not
    answer."""
    if counted is None and _said_twice(variant, reference.example_id_N.filter(lacked_N)):
        return "what they cost is known only once they are compared"
    if counted is None:
        return "what they cost is known only when they count as wrong"
    change = 100 * counted.change
    said = f"{abs(change):.{decimals(change)}f}"
    would = f"{'fall' if change < 0 else 'rise'} by {said} points"
    if float(said) == 0:
        would = "stay as it is"
    whom = f"a member of {reference.name!r}" if reference.M > 1 else repr(reference.name)
    lacked = reference.example_id_N.filter(lacked_N)
    both = int(counted.bare.is_in(lacked.implode()).sum())
    more = len(counted.bare) - both
    also = f", {both:,} of them for {whom} too" if both else ""
    also += f" like {more:,} that {whom} does not answer" if more else ""
    return f"counted as wrong{also}, {reference.outcome} would {would}"


def _answered(reference: Records, variant: Records) -> Bools:
    """Which of the reference's examples the variant has an outcome for."""
    has_N = ~np.isnan(variant.correct_MN).all(axis=0)
    if variant.score_MN is None:  # Else what it wrote may be there, and its score is not.
        has_N |= (variant.pred_MN >= 0).any(axis=0)
    ids = variant.example_id_N.filter(np.asarray(has_N))
    return np.asarray(reference.example_id_N.is_in(ids.implode()).to_numpy())


def _way(reference: Records, variant: Records, out_N: Bools, missing: Missing) -> str:
    """How they are counted as wrong: a row is needed for that, and no more than one."""
    out = reference.example_id_N.filter(out_N)
    rows = [variant.example_id_N, *([] if variant.left_out is None else [variant.left_out])]
    there = np.any([out.is_in(ids.drop_nulls().implode()).to_numpy() for ids in rows], axis=0)
    one = f"Keep one row of each id that appears more than once in {variant.name!r}"
    said = _said_twice(variant, out)
    if said and there.all():
        return f"{one}."
    each = f"{one}, give each other one" if said else "Give each"
    # Without it the sides would disagree about the right answer.
    row = "a row with its label and" if (variant.label_N >= 0).any() else "a row with"
    if missing == "wrong":
        each = each.replace(", give", ", and give")
        return f"{each} {row} an empty answer, which --missing wrong counts as wrong."
    if there.all():
        return "Add --missing wrong."
    return f"{each} {row} an empty answer, and add --missing wrong."


def _said_twice(side: Records, ids: pl.Series) -> bool:
    """Whether reading left out some of these, and said that ids appear more than once; ``--missing
    wrong`` brings none of those back."""
    if side.left_out is None or not any(TWICE in note for note in side.manifest.notes):
        return False
    return bool(ids.is_in(side.left_out.drop_nulls().implode()).any())
