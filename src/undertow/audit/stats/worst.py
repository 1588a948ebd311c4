"""The worst slice before and after, and how far the minimum moved, with the selection inside the
interval.

The minimum of many noisy slices lies below what any slice is in truth, and is not the same slice
twice, so resampling it is biased (a percentile bootstrap covered .26 to .87 where .95 was meant).
Instead: whatever slice g is in truth the variant's worst, min after − min before ≥ after_g −
before_g, since the reference's minimum is no more than its value on g; and likewise from above with
the reference's worst. So the interval reaches from the lowest limit of a shift among the slices
that may be the variant's worst to the highest among those that may be the reference's. Nor can it
reach beyond what both minima by themselves allow, or a slice that falls to nothing among others
that stay would show nothing.

Each end rests on one slice, the true worst, whichever it is: its own limit must hold, not those of
all slices together (the least of limits is a limit of the least; intersection and union, Berger
1982). Only that no other slice looks worse than it is takes all of them (Bonferroni). So the
interval covers at least as often as it says.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import stdtrit

from undertow.audit.stats.over_runs import mean_of_runs, run_shift
from undertow.audit.stats.paired_shift import Shift
from undertow.audit.stats.slice_means import slice_means
from undertow.audit.stats.two_way import TwoWay, square_over_examples, two_way
from undertow.audit.stats.units import flat

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

SELECTING = 0.2
"""Share of the error rate that is spent on which slices may be worst, half on each side; the rest
is for the shifts."""


class WorstSlice(NamedTuple):
    """The lowest slice accuracy on each side, which slice that is, and the change with its
    interval."""

    index_reference: int
    index_variant: int
    reference: float
    changed: float
    effect: float
    low: float
    high: float


def worst_slice(
    correct_ref_MN: Floats,
    correct_var_MN: Floats,
    membership_GN: sp.csr_array,
    *,
    level: float,
    paired: bool,
    cluster_N: Ints | None = None,
    over_members: bool = True,
) -> WorstSlice:
    """Lowest mean accuracy over slices, on each side, and how it changed.

    Members and examples are samples; without ``over_members`` the models are those at hand and only
    examples are. ``correct`` is in [0, 1], NaN where unknown. Empty slices take no part. NaN and
    index −1 where no slice has an example, NaN limits where the members do not tell how much
    members vary.
    """
    each = level * (1 - SELECTING)
    sides = correct_ref_MN, correct_var_MN
    shift: TwoWay | Shift
    if over_members:
        shift = two_way(*sides, membership_GN, each, paired=paired, cluster_N=cluster_N)
    else:
        shift = run_shift(membership_GN, *sides, each, cluster_N)
    selecting = level * SELECTING / 2
    varies_MN = correct_ref_MN if over_members else correct_ref_MN[:0]
    before = _values(correct_ref_MN, membership_GN, selecting, varies_MN, cluster_N)
    if over_members and len(correct_var_MN) > 1:
        # A single variant member is taken to vary as the reference's do.
        varies_MN = correct_var_MN
    after = _values(correct_var_MN, membership_GN, selecting, varies_MN, cluster_N)
    index = [_lowest(side.value_G) for side in (before, after)]
    reference, changed = (
        float(side.value_G[g]) if g >= 0 else float("nan")
        for side, g in zip((before, after), index, strict=True)
    )
    low = max(_least(shift.unseen_low_G, after.maybe_G), after.low - before.high)
    high = min(-_least(-shift.unseen_high_G, before.maybe_G), after.high - before.low)
    return WorstSlice(index[0], index[1], reference, changed, changed - reference, low, high)


class _Values(NamedTuple):
    """One side's accuracy on each slice, which slices may be its worst in truth, and how low that
    may be."""

    value_G: Floats
    maybe_G: NDArray[np.bool_]
    low: float
    high: float


def _values(
    correct_MN: Floats,
    membership_GN: sp.csr_array,
    level: float,
    varies_MN: Floats,
    cluster_N: Ints | None,
) -> _Values:
    """Normal limits with what members and examples vary by; slices whose lower limit reaches the
    lowest upper one.

    Half of ``level`` is for the lower limit of the true worst, half for the upper limits of all
    slices together. ``varies_MN``: the members that tell how much members vary, none where the
    models are those at hand.
    """
    mean_N = mean_of_runs(correct_MN)
    value_G, examples_G = _mean_and_square(membership_GN, mean_N, cluster_N)
    members_G, df = np.zeros(len(value_G)), 1e9
    if len(varies_MN) > 1:
        spread_G = slice_means(membership_GN, varies_MN).var(axis=1, ddof=1)
        members_G, df = spread_G / len(correct_MN), float(len(varies_MN) - 1)
    error_G, known_G = np.sqrt(members_G + examples_G), ~np.isnan(value_G)
    low_G = value_G + stdtrit(df, level / 2) * error_G
    high_G = value_G - stdtrit(df, level / 2 / max(known_G.sum(), 1)) * error_G
    low, high = (float(np.min(limit_G[known_G], initial=np.inf)) for limit_G in (low_G, high_G))
    return _Values(value_G, known_G & (low_G <= high), low, high)


def _mean_and_square(
    membership_GN: sp.csr_array, value_N: Floats, cluster_N: Ints | None
) -> tuple[Floats, Floats]:
    """Each row's mean, and its squared standard error over examples or clusters of them: at least
    that of one unit more of each kind."""
    units = flat(membership_GN, value_N, cluster_N)
    rows = membership_GN.shape[0]
    n_G = units.sums(units.size_U, rows)
    units_G = np.bincount(units.row_U, minlength=rows)
    square_G = square_over_examples(units, np.maximum(n_G, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_G = units.sums(units.total_U, rows) / n_G
        # Laplace: a slice that is all right has a width too.
        likely_G = (mean_G * units_G + 1) / (units_G + 2)
        return mean_G, np.maximum(square_G, likely_G * (1 - likely_G) / (units_G + 2) / units_G)


def _least(value_G: Floats, among_G: NDArray[np.bool_]) -> float:
    """The smallest of some; NaN if any of them is, or there is none."""
    return float(value_G[among_G].min()) if among_G.any() else float("nan")


def _lowest(value_G: Floats) -> int:
    return -1 if np.isnan(value_G).all() else int(np.nanargmin(value_G))
