"""Whether, of two sides of equally many members, one spreads more than the other on some slices,
and how many degrees of freedom a difference of their means has where it does.

Slices noisier in the reference and slices noisier in the variant must not make up for each other,
so each is asked by itself, and they are asked together: whether what is seen is more than chance is
told by dealing the members anew, which keeps how slices go together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.stats.arrangements import exchange

Floats = NDArray[np.floating[Any]]

SEEN = 0.2
"""A side is seen to be noisier where at most this share of arrangements is as uneven: often enough
to be found at few members, seldom enough to cost sides of like spread little."""
DRAWS, SEED = 500, 0
"""Arrangements are drawn by a seed of their own: the same members always get the same answer."""
ROUNDING = 1e-24
"""A squared standard error of values in [0, 1] that is no more than rounding."""
CLOSE = 1e-7
"""Statistics nearer than this (relative) are ties: mirrored arrangements differ by rounding
only."""
BLOCK = 256
"""Slices at a time, so that draws × slices stays within a few megabytes."""


def seen_noisier(value_ref_GM: Floats, value_var_GM: Floats) -> bool:
    """Whether one side of (G, M) member values is seen to spread more on some slices. ``False``
    where no spread is known, and where sides differ in size, whose parts are kept apart."""
    m = value_ref_GM.shape[1]
    if m < 2 or value_var_GM.shape[1] != m:
        return False
    kept_G = ~np.isnan(value_ref_GM + value_var_GM).any(axis=1)
    # Distances from the own side's mean: no shift counts as spread.
    away_GM = np.hstack(
        [
            side_GM[kept_G] - side_GM[kept_G].mean(axis=1, keepdims=True)
            for side_GM in (value_ref_GM, value_var_GM)
        ]
    )
    drawn = exchange(m, m, DRAWS, np.random.default_rng(SEED)).is_reference_DM.astype(np.float64)
    uneven_D = np.zeros(len(drawn))
    for start in range(0, len(away_GM), BLOCK):
        uneven_D += _unevenness(away_GM[start : start + BLOCK], drawn)
    return bool((uneven_D >= uneven_D[0] * (1 - CLOSE)).mean() <= SEEN)


def _unevenness(away_GM: Floats, side_DM: Floats) -> Floats:
    """Of each arrangement: summed over slices, the squared distance of one side's share of the
    squares from ½."""
    m = side_DM.shape[1] // 2
    square_GM, sum_DG = away_GM**2, side_DM @ away_GM.T
    # The distances of all members add to 0, so both sides' means lie equally far from it.
    around_DG = side_DM @ square_GM.T
    ref_DG = np.maximum(around_DG - sum_DG**2 / m, 0)
    var_DG = np.maximum(square_GM.sum(axis=1) - around_DG - sum_DG**2 / m, 0)
    return np.asarray(((_share(ref_DG, var_DG) - 0.5) ** 2).sum(axis=1))


def least_freedom(square_ref_G: Floats, square_var_G: Floats, m: int) -> Floats:
    """Degrees of freedom of each slice, ``m`` members a side: Welch's of the slice, or from the
    mean of all slices' unevenness, in which none makes up for another, if these are fewer."""
    share_G = _share(square_ref_G, square_var_G)
    uneven_G = share_G**2 + (1 - share_G) ** 2
    known_G = ~np.isnan(uneven_G)
    mean = uneven_G[known_G].mean() if known_G.any() else 0.5
    return np.asarray((m - 1) / np.fmax(uneven_G, mean))


def _share(square_ref: Floats, square_var: Floats) -> Floats:
    """The reference's share of the variance; ½ where nothing varies."""
    total = square_ref + square_var
    half = np.where(np.isnan(total), np.nan, 0.5)
    return np.divide(square_ref, total, out=half, where=total > ROUNDING)
