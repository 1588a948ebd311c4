"""How rarely a mean gets so far, where each draw's distribution is known: the saddlepoint
approximation of its tail.

A normal tail errs where draws are skewed and few: a rare large jump makes the tail on its own side
heavier and the other lighter. Tilted by exp(t · value) until its mean is the one asked about, the
distribution is near its middle, and there the approximation is good to a relative error of about
1/n (Lugannani & Rice 1980; in the form of a normal deviate Barndorff-Nielsen 1986).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

NEWTONS = 12
FURTHEST = 60.0
"""The largest exponent: there all but the largest value has vanished."""
CLOSE = 1e-8
"""Relative; a Newton step squares what is missing."""
NEAR = 0.1
"""Of a deviate below this the correction is a quotient of two numbers near 0; the normal one is
taken."""
SMALL = 1e-300


def deviate(weight_GX: Floats, value_GX: Floats, mean_G: Floats, count_G: Floats) -> Floats:
    """Per row, the standard normal deviate with the upper tail of a mean of ``count`` draws
    reaching ``mean`` ≥ 0.

    Draws are ``value`` with chance ``weight``, which sum to 1 and whose mean is 0. Never below 0.
    """
    variance_G = (weight_GX * value_GX**2).sum(axis=1)
    tilt_G = _tilt(weight_GX, value_GX, mean_G, variance_G)
    tilted_GX = weight_GX * np.exp(np.minimum(tilt_G[:, None] * value_GX, FURTHEST))
    total_G, around_G = tilted_GX.sum(axis=1), _variance(tilted_GX, value_GX)
    normal_G = mean_G / np.sqrt(np.maximum(variance_G, SMALL) / count_G)
    root_G = np.sqrt(
        np.maximum(2 * count_G * (tilt_G * mean_G - np.log(np.maximum(total_G, SMALL))), 0.0)
    )
    ratio_G = tilt_G * np.sqrt(count_G * around_G) / np.maximum(root_G, SMALL)
    return bent(root_G, ratio_G, normal_G)


def bent(root_G: Floats, ratio_G: Floats, normal_G: Floats) -> Floats:
    """Barndorff-Nielsen's deviate, from the signed root and its ratio; the normal one near 0, and
    never below 0."""
    usable_G = (root_G > NEAR) & (ratio_G > 0)
    bent_G = np.divide(
        np.log(np.where(usable_G, ratio_G, 1.0)), root_G, out=np.zeros_like(root_G), where=usable_G
    )
    return np.asarray(np.where(usable_G, np.maximum(root_G + bent_G, 0.0), normal_G))


def _tilt(weight_GX: Floats, value_GX: Floats, mean_G: Floats, variance_G: Floats) -> Floats:
    """The t at which the tilted mean is ``mean``, by Newton steps kept inside what is known to hold
    it."""
    top_G = np.where(weight_GX > 0, value_GX, -np.inf).max(axis=1)
    low_G, high_G = np.zeros_like(mean_G), FURTHEST / np.maximum(top_G, SMALL)
    tilt_G = np.minimum(mean_G / np.maximum(variance_G, SMALL), high_G)
    for _ in range(NEWTONS):
        tilted_GX = weight_GX * np.exp(np.minimum(tilt_G[:, None] * value_GX, FURTHEST))
        short_G = mean_G - (tilted_GX * value_GX).sum(axis=1) / np.maximum(
            tilted_GX.sum(axis=1), SMALL
        )
        low_G, high_G = np.where(short_G > 0, tilt_G, low_G), np.where(short_G > 0, high_G, tilt_G)
        newton_G = tilt_G + short_G / np.maximum(_variance(tilted_GX, value_GX), SMALL)
        next_G = np.where(
            (newton_G >= low_G) & (newton_G <= high_G), newton_G, (low_G + high_G) / 2
        )
        moved_G, tilt_G = np.abs(next_G - tilt_G), next_G
        if (moved_G <= CLOSE * tilt_G).all():
            break
    return np.asarray(tilt_G)


def _variance(weight_GX: Floats, value_GX: Floats) -> Floats:
    total_G = np.maximum(weight_GX.sum(axis=1), SMALL)
    mean_G = (weight_GX * value_GX).sum(axis=1) / total_G
    variance_G: Floats = (weight_GX * (value_GX - mean_G[:, None]) ** 2).sum(axis=1) / total_G
    return variance_G
