"""Members and examples both random: what would another member of each recipe show, on other
examples?

The variance of a difference of means over members and examples is what members vary by, plus what
examples vary by, less what both count: the noise of single answers (the two-way random effects of
Brennan 2001; in studies of many readers and many cases Obuchowski & Rockette 1995, with Hillis 2007
for the degrees of freedom). The few members' part takes Student's quantile and the examples' part
the normal one, and half widths add in squares (Zou & Donner 2008): no part that happens to look
small lends its degrees of freedom to the other.

A statement about both is never firmer than the one about examples alone, so the limits of
``mean_shift``, which have a width where nothing varies, hold too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.stats import combined
from undertow.audit.stats.combined import Part, half_width, two_sided_p
from undertow.audit.stats.mean_shift import MeanShift, mean_shift
from undertow.audit.stats.noisier import seen_noisier
from undertow.audit.stats.over_runs import mean_of_runs
from undertow.audit.stats.resolution import step_of
from undertow.audit.stats.slice_means import slice_means
from undertow.audit.stats.units import Flat, flat

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


SMALL = 1e-300


class TwoWay(NamedTuple):
    """Per row: variant minus reference, limits of coverage 1 − level each, those that allow for
    clusters unlike any seen (``mean_shift``), two-sided p, and the limits over these examples
    alone, of what has to be ruled out (lower) and what is seen (upper): about where many members
    would leave them, whose answers' noise averages out. NaN where a row is empty, and limits and p
    where the members do not tell how much members differ (one on the reference's side, one pair).
    """

    effect_G: Floats
    low_G: Floats
    high_G: Floats
    unseen_low_G: Floats
    unseen_high_G: Floats
    p_G: Floats
    examples_low_G: Floats
    examples_high_G: Floats


def two_way(
    value_ref_MN: Floats,
    value_var_MN: Floats,
    membership_GN: sp.csr_array,
    level: float,
    *,
    paired: bool,
    cluster_N: Ints | None = None,
    beyond: bool = False,
) -> TwoWay:
    """Limits of each row's difference of means of outcomes in [0, 1], NaN where unknown.

    Where ``paired``, member i of one side belongs to member i of the other. A single variant member
    is taken to vary as the reference's members do. ``beyond``: each member's own mean over all
    examples is taken from its values on the rows, so that what is left is the shift beyond the
    overall one. That the overall mean is of a sample too is left out: it is of more examples than a
    row's, and makes the row's deviation from it smaller rather than larger.
    """
    before_N, after_N = (
        mean_of_runs(np.asarray(side_MN, np.float64)) for side_MN in (value_ref_MN, value_var_MN)
    )
    change_N = after_N - before_N
    over = mean_shift(membership_GN, change_N, level, cluster_N)
    if beyond:
        over = _beyond(over, float(np.nanmean(change_N)))
    if len(value_ref_MN) < 2 or (paired and len(value_var_MN) < 2):
        nothing_G = np.full(len(over.effect_G), np.nan)
        return TwoWay(over.effect_G, *(nothing_G for _ in TwoWay._fields[1:]))
    sides: list[Floats] = [value_var_MN - value_ref_MN] if paired else [value_ref_MN, value_var_MN]
    parts, stays_G = _parts(sides, change_N, membership_GN, cluster_N, beyond)
    half_G = half_width(parts, level)
    # Where nothing varies, limits of bounded outcomes still lie so far off.
    least_G = -np.log(level / 2) / np.maximum(over.units_G, 1)
    below_G, above_G = (
        np.maximum(stays_G * distance_G, np.minimum(least_G, distance_G))
        for distance_G in (over.effect_G - over.unseen_low_G, over.high_G - over.effect_G)
    )
    low_G, high_G = over.effect_G - half_G, over.effect_G + half_G
    return TwoWay(
        over.effect_G,
        np.minimum(low_G, over.low_G),
        np.maximum(high_G, over.high_G),
        np.minimum(low_G, over.unseen_low_G),
        np.maximum(high_G, over.unseen_high_G),
        np.maximum(two_sided_p(parts, over.effect_G), over.p_G),
        over.effect_G - below_G,
        over.effect_G + above_G,
    )


def _beyond(over: MeanShift, overall: float) -> MeanShift:
    """What is left when the overall shift is taken away. The p of the shift itself is of another
    question."""
    names = ("effect_G", "low_G", "high_G", "unseen_low_G", "unseen_high_G")
    moved = {name: getattr(over, name) - overall for name in names}
    return over._replace(**moved, p_G=np.where(np.isnan(over.effect_G), np.nan, 0.0))


def _parts(
    sides: list[Floats],
    change_N: Floats,
    membership_GN: sp.csr_array,
    cluster_N: Ints | None,
    beyond: bool,
) -> tuple[list[Part], Floats]:
    """The parts, and how much of what examples vary by is not the noise of single answers: the root
    of its share of the variance."""
    n_G = np.maximum(np.asarray(membership_GN @ (~np.isnan(change_N)).astype(np.float64)), 1)
    step = step_of(*sides)
    own_SGM, spread_SG, noise_G = [], [], np.zeros(len(n_G))
    sizes = [len(side_MN) for side_MN in sides]
    for side_MN in sides:
        if len(side_MN) < 2:
            continue
        mean_GM = slice_means(membership_GN, side_MN)
        own_SGM.append(mean_GM - _overall_M(side_MN) if beyond else mean_GM)
        # No member's value is known better than half an example's step.
        spread_SG.append(np.maximum(own_SGM[-1].var(axis=1, ddof=1), (step / 2 / n_G) ** 2))
        noise_G += _noise(membership_GN, side_MN, mean_GM, n_G)
    if len(spread_SG) < len(sides):  # A single variant member: it varies as the reference's do.
        spread_SG.append(spread_SG[0])
    each_SG = [spread_G / size for spread_G, size in zip(spread_SG, sizes, strict=True)]
    if len(sizes) == 1:
        members = [Part(each_SG[0], sizes[0] - 1.0)]
    else:
        noisier = len(own_SGM) == 2 and seen_noisier(*own_SGM)
        members = combined.sides(*each_SG, *sizes, noisier=noisier)
    examples_G = square_over_examples(flat(membership_GN, change_N, cluster_N), n_G)
    left_G = np.maximum(examples_G - noise_G, 0.0)
    stays_G = np.sqrt(left_G / np.maximum(examples_G, SMALL))
    return [*members, Part(left_G, np.inf)], stays_G


def _overall_M(side_MN: Floats) -> Floats:
    """Each member's mean over all examples; NaN for one that answered none."""
    known_M = (~np.isnan(side_MN)).sum(axis=1)
    return np.asarray(np.nansum(side_MN, axis=1) / np.where(known_M, known_M, np.nan))


def _noise(membership_GN: sp.csr_array, side_MN: Floats, mean_GM: Floats, n_G: Floats) -> Floats:
    """What single answers' noise adds to the variance of the side's mean: counted in both other
    parts. 0, and so nothing taken away, where answers are missing."""
    if np.isnan(side_MN).any():
        return np.zeros(len(n_G))
    members = len(side_MN)
    around_N = side_MN.var(axis=0, dtype=np.float64) * members
    among_G = n_G * mean_GM.var(axis=1) * members
    left_G = np.maximum(np.asarray(membership_GN @ around_N) - among_G, 0.0)
    return np.asarray(left_G / ((members - 1) * np.maximum(n_G - 1, 1)) / (members * n_G))


def square_over_examples(units: Flat, n_G: Floats) -> Floats:
    """Squared standard error over examples, or over clusters of them (Miller 2024, §2.2); ``n_G``
    are each row's examples, at least 1."""
    rows = len(n_G)
    effect_G = units.sums(units.total_U, rows) / n_G
    square_G = units.sums((units.total_U - effect_G[units.row_U] * units.size_U) ** 2, rows)
    count_G = np.maximum(np.bincount(units.row_U, minlength=rows), 2)
    return np.asarray(square_G * count_G / (count_G - 1) / n_G**2)
