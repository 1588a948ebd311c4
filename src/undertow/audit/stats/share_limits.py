"""Limits of a share of examples, such as churn: over examples, over pairs of members, and across
two sides of members.

A share of 0 in all members has no spread, and is still known only as well as its examples tell it.
So what members vary by is added here to what the examples of one pair leave open.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import betainccinv, betaincinv, stdtrit

from undertow.audit.stats.bounded import mean_limits

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


class ShareLimits(NamedTuple):
    """Per slice: the mean share and its two limits, one-sided each; NaN where nothing is known."""

    share_G: Floats
    low_G: Floats
    high_G: Floats


def exact_limits(share_G: Floats, n_G: Floats, level: float) -> ShareLimits:
    """Clopper and Pearson's limits (1934) over ``n_G`` independent examples, each at ``level``."""
    count_G = share_G * n_G
    with np.errstate(invalid="ignore"):
        low_G = betaincinv(count_G, n_G - count_G + 1, level)
        high_G = betainccinv(count_G + 1, n_G - count_G, level)
    known_G = n_G > 0
    low_G = np.where(known_G, np.where(count_G > 0, low_G, 0.0), np.nan)
    high_G = np.where(known_G, np.where(count_G < n_G, high_G, 1.0), np.nan)
    return ShareLimits(share_G, low_G, high_G)


def example_limits(
    membership_GN: sp.csr_array,
    value_N: Floats,
    level: float,
    cluster_N: Ints | None,
    *,
    single: bool,
) -> ShareLimits:
    """Limits over examples of the mean of ``value_N``, in [0, 1]: exact of one pair's zeros and
    ones (``single``) on independent examples, else limits for a bounded mean, over clusters where
    there are any."""
    known_N = ~np.isnan(value_N)
    n_G = np.asarray(membership_GN @ known_N.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        share_G = (
            np.asarray(membership_GN @ np.where(known_N, value_N, 0.0).astype(np.float64)) / n_G
        )
    if single and cluster_N is None:
        return exact_limits(share_G, n_G, level)
    found = mean_limits(membership_GN, np.asarray(value_N, dtype=np.float64), 2 * level, cluster_N)
    return ShareLimits(share_G, np.maximum(found.low_G, 0.0), found.high_G)


def member_limits(
    share_GRV: Floats, examples: ShareLimits, level: float, *, paired: bool
) -> ShareLimits:
    """Limits of the mean share over pairs of new members on new examples: (G, reference members,
    variant members), or (G, pairs, 1) where members are paired.

    Paired: Student's over the pairs. Independent: the mean over all pairs across the sides is a
    two-sample U-statistic; its variance is that of the reference members' mean shares plus that of
    the variant members', with Welch's degrees of freedom; a lone variant member is taken to vary as
    the reference's do. To this the distance of the limits over ``examples`` is added in squares
    (Zou & Donner 2008), so that the limits are never narrower than those. NaN with a single
    reference member, which does not show how much members vary, and where a pair has no value.
    """
    share_G = share_GRV.mean(axis=(1, 2))
    half_G = _half_width(share_GRV, level, paired=paired)
    low_G = share_G - np.hypot(half_G, np.maximum(share_G - examples.low_G, 0.0))
    high_G = share_G + np.hypot(half_G, np.maximum(examples.high_G - share_G, 0.0))
    return ShareLimits(share_G, np.clip(low_G, 0.0, 1.0), np.clip(high_G, 0.0, 1.0))


def _half_width(share_GRV: Floats, level: float, *, paired: bool) -> Floats:
    """Student's quantile times the standard error over members."""
    _, before, after = share_GRV.shape
    if before < 2:
        return np.full(len(share_GRV), np.nan)
    spread_G = share_GRV.mean(axis=2).var(axis=1, ddof=1)
    square_G, worth_G = spread_G / before, (spread_G / before) ** 2 / (before - 1)
    if not paired and after == 1:
        square_G, worth_G = (
            spread_G / before + spread_G,
            (spread_G / before + spread_G) ** 2 / (before - 1),
        )
    elif not paired:
        other_G = share_GRV.mean(axis=1).var(axis=1, ddof=1) / after
        square_G, worth_G = square_G + other_G, worth_G + other_G**2 / (after - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        half_G = -stdtrit(square_G**2 / worth_G, level) * np.sqrt(square_G)
    return np.where(square_G == 0, 0.0, half_G)
