"""Which disagreements of two populations lie above what exchanged members give: one-sided,
corrected by max-T.

Two populations of one recipe disagree too, so 0 is the wrong null value of a disagreement. Its null
distribution is the same measure with members dealt anew; this file turns those draws into a floor,
p values and intervals.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.audit.stats.max_t import critical_value, share_at_least
from undertow.audit.stats.noisier import CLOSE

Floats = NDArray[np.floating[Any]]


class AboveFloor(NamedTuple):
    """Per slice: observed value, mean and central quantiles of the draws, effect = value − floor
    with its interval."""

    value_G: Floats
    floor_G: Floats
    floor_low_G: Floats
    floor_high_G: Floats
    effect_G: Floats
    low_G: Floats
    high_G: Floats
    p_G: Floats
    p_adjusted_G: Floats


def above_floor(value_DG: Floats, *, level: float) -> AboveFloor:
    """Test each column of (D, G) draws, row 0 observed, against larger-than-exchanged.

    For the maximum over slices each slice is measured in standard deviations of its own draws. A
    small slice whose value is 0 in nearly every draw and one step up in the rest would stand tens
    of deviations out in those; so the deviation is at least half the smallest step between its
    drawn values. Mean, deviation and step are the same whichever draw is called observed, so the
    test stays exact.

    ``low`` agrees with the adjusted p (low > 0 if and only if ``p_adjusted <= level``); ``high`` is
    the same bound from the other tail. Both carry the draws' spread over to the observed value, so
    as an interval for the true excess [low, high] is approximate, and its coverage is 1 − 2·level.

    An undefined draw (NaN) is left out of its slice's floor and p. A slice that is NaN as observed
    is NaN throughout.
    """
    value_DG = np.asarray(value_DG, dtype=np.float64)
    value_G = value_DG[0]
    known_G = ~np.isnan(value_G)
    floor_G, sd_G, low_floor_G, high_floor_G = _floor(value_DG, known_G, level)
    effect_G = value_G - floor_G
    z_DG = (value_DG - floor_G) / np.where(sd_G > 0, sd_G, 1.0)
    z_DG[:, ~known_G] = np.nan
    # Undefined draws cannot be the largest; with no defined slice at all there is nothing to
    # compare.
    up_D = np.fmax.reduce(z_DG, axis=1, initial=-np.inf)
    down_D = np.fmax.reduce(-z_DG, axis=1, initial=-np.inf)
    p_adjusted_G = np.where(known_G, share_at_least(up_D, z_DG[0]), np.nan)
    upper, lower = (critical_value(x_D, level) for x_D in (up_D, down_D))
    with np.errstate(invalid="ignore"):
        low_G = effect_G - (upper + CLOSE * max(abs(upper), CLOSE)) * sd_G
        high_G = effect_G + np.maximum(lower, 0) * sd_G
        reached_DG = z_DG >= z_DG[0] - CLOSE * np.maximum(np.abs(z_DG[0]), CLOSE)
    draws_G = np.maximum((~np.isnan(z_DG)).sum(axis=0), 1)
    p_G = np.where(known_G, reached_DG.sum(axis=0) / draws_G, np.nan)
    return AboveFloor(
        value_G.copy(),
        floor_G,
        low_floor_G,
        high_floor_G,
        effect_G,
        low_G,
        high_G,
        p_G,
        p_adjusted_G,
    )


def _floor(
    value_DG: Floats, known_G: NDArray[np.bool_], level: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean, deviation (at least half a step) and central quantiles of each slice's defined
    draws."""
    slices = value_DG.shape[1]
    mean_G, sd_G, low_G, high_G = (np.full(slices, np.nan) for _ in range(4))
    probabilities = [level / 2, 1 - level / 2]
    gaps_G = np.isnan(value_DG).any(axis=0)
    whole = np.flatnonzero(known_G & ~gaps_G)
    if len(whole):
        sorted_DG = np.sort(value_DG[:, whole], axis=0)
        mean_G[whole] = sorted_DG.mean(axis=0)
        sd_G[whole] = _spread(sorted_DG)
        low_G[whole], high_G[whole] = np.quantile(sorted_DG, probabilities, axis=0)
    for g in np.flatnonzero(known_G & gaps_G):
        sorted_D = np.sort(value_DG[~np.isnan(value_DG[:, g]), g])
        mean_G[g] = sorted_D.mean()
        sd_G[g] = _spread(sorted_D[:, None])[0]
        low_G[g], high_G[g] = np.quantile(sorted_D, probabilities)
    return mean_G, sd_G, low_G, high_G


def _spread(sorted_DG: Floats) -> Floats:
    """Standard deviation of each column, at least half its smallest step; exactly 0 where only
    rounding differs."""
    step_DG = np.diff(sorted_DG, axis=0)
    step_DG[step_DG <= 1e-6 * np.abs(sorted_DG).max(axis=0)] = np.inf
    smallest_G = step_DG.min(axis=0, initial=np.inf)
    return np.where(np.isfinite(smallest_G), np.maximum(sorted_DG.std(axis=0), smallest_G / 2), 0.0)
