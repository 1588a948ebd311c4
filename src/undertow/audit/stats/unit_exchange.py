"""Whether units that changed show more than chance, by exchanging the two models' answers within a
unit: each unit's gap then changes its sign, every one with chance ½.

The test is exact where gaps are symmetric about their mean, as they are where the models can be
exchanged, whatever the sizes of the units and however few they are: of right and wrong answers, one
unit an example, it is McNemar's (1947), and in general Fisher's randomization test (1935, §21). The
chance that the signs give a total as large is counted where no more than 20 units changed, and
else taken from the saddlepoint approximation of its tail (Lugannani & Rice 1980), but where a few
units decide, as all others together move little: then their signs are written out, with what is
left as normal. A limit is where a hypothetical mean, taken off each unit in proportion to its size,
is just not rejected.

It does not allow for units unlike any that were seen; ``bounded`` does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, ndtri_exp

from undertow.audit.stats.saddlepoint import bent
from undertow.audit.stats.unit_signs import (
    COUNTED,
    FEW,
    SMALL,
    Changed,
    Rows,
    beside_a_rest,
    counted,
    few_deciding,
    smallest,
    there,
)

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

HALVINGS, NEWTONS = 30, 25
RESOLVED = 2.0 ** (2 - HALVINGS)
"""What the halvings do not tell from 0."""
FURTHEST = 30.0
"""The largest exponent: tanh of it is 1."""
CLOSE = 1e-12
FILLED = 1.0
"""Standard deviations of smaller units that fill the steps of a larger one."""
TOGETHER = 1 << 14
"""Rows × units whose limits are looked for together: few enough that what is worked out on the way
stays in a processor's own memory."""


def exchange_p(total_GU: Floats, alike_GU: Floats) -> Floats:
    """Per row, two-sided p for a mean of 0. ``total_GU`` are the units' total changes, each of as
    many units as ``alike_GU`` says."""
    found_G = _deviate(total_GU, alike_GU, _changed(total_GU, alike_GU))
    return np.asarray(np.minimum(1.0, 2 * ndtr(-np.abs(found_G))))


def exchange_limit(
    total_GU: Floats, size_GU: Floats, alike_GU: Floats, level: float, side: int
) -> Floats:
    """Per row, the largest mean (``side`` 1) or the smallest (−1) that is not rejected with chance
    ``level`` / 2; the end of the range [−1, 1] where so few units reject nothing."""
    rows, units = total_GU.shape
    step = max(1, TOGETHER // max(units, 1))
    parts = [slice(start, start + step) for start in range(0, rows, step)]
    return np.concatenate(
        [np.zeros(0)] + [_halved(total_GU[p], size_GU[p], alike_GU[p], level, side) for p in parts]
    )


def _halved(total_GU: Floats, size_GU: Floats, alike_GU: Floats, level: float, side: int) -> Floats:
    """The limit of some rows."""
    quantile = -float(ndtri(level / 2))
    near_G = (alike_GU * total_GU).sum(axis=1) / (alike_GU * size_GU).sum(axis=1)
    far_G, changed = np.full_like(near_G, float(side)), _changed(total_GU, alike_GU)
    for _ in range(HALVINGS):
        middle_G = (near_G + far_G) / 2
        gap_GU = total_GU - middle_G[:, None] * size_GU
        inside_G = -side * _deviate(gap_GU, alike_GU, changed) <= quantile
        near_G, far_G = np.where(inside_G, middle_G, near_G), np.where(inside_G, far_G, middle_G)
    return np.where(np.abs(near_G) < RESOLVED, 0.0, near_G)


def _changed(total_GU: Floats, alike_GU: Floats) -> Changed:
    size_GU = np.abs(total_GU)
    there_GU = there(size_GU, alike_GU)
    return Changed(there_GU, smallest(size_GU, there_GU), _coarsest(size_GU, alike_GU, there_GU))


def _deviate(gap_GU: Floats, alike_GU: Floats, changed: Changed) -> Floats:
    """The normal deviate of the gaps' total among all their signs."""
    size_GU, sum_G = np.abs(gap_GU), (alike_GU * gap_GU).sum(axis=1)
    there_GU = there(size_GU, alike_GU)
    units_G = (alike_GU * there_GU).sum(axis=1)
    every = Rows(size_GU, alike_GU, there_GU, units_G, np.abs(sum_G), changed)
    deviate_G, fewer = np.zeros(len(units_G)), -1.0
    for most in (*COUNTED, np.inf):
        rows_G = (units_G > fewer) & (units_G <= most)
        if rows_G.any():
            index = slice(None) if rows_G.all() else rows_G
            rows = every.at(index)
            deviate_G[index] = _near_normal(rows) if np.isinf(most) else counted(rows, int(most))
        fewer = most
    return np.asarray(np.sign(sum_G) * deviate_G)


def _near_normal(rows: Rows) -> Floats:
    """Of rows of many units: half a step nearer to 0."""
    square_G = np.maximum((rows.alike_GU * rows.size_GU**2).sum(axis=1), SMALL)
    beyond_G = np.maximum(rows.sum_G - _half_step(rows), 0.0)
    tail_G = _tail(rows.size_GU, rows.alike_GU, beyond_G, square_G)
    furthest_G = _furthest(rows.units_G)
    few = few_deciding(rows, square_G)
    if few is not None:
        tail_G[few.rows_R] = beside_a_rest(few, rows.sum_G[few.rows_R])
    # Where no unit changed, all signs agree under any other mean.
    none_G = ~rows.changed.there_GU.any(axis=1)
    return np.where(none_G, furthest_G, np.minimum(tail_G, furthest_G))


def _half_step(rows: Rows) -> Floats:
    """Half of what the total moves by when a sign changes, of the smallest unit that changed: in
    such steps the total goes if units are alike. Of those that did not change the gap is only what
    the hypothetical mean makes it, and no step is smaller than under a mean of 0."""
    return np.maximum(rows.changed.coarsest_G, smallest(rows.size_GU, rows.changed.there_GU))


def _coarsest(size_GU: Floats, alike_GU: Floats, there_GU: Bools) -> Floats:
    """Of the units that changed the step of the smallest, or of some larger one what all smaller
    ones together do not fill: beside sixteen clusters of a thousand, ten of one leave the total
    going in thousands. Up to ``FEW`` large ones leave no such steps: their own signs are few."""
    size_GU, alike_GU = np.where(there_GU, size_GU, 0.0), np.where(there_GU, alike_GU, 0.0)
    order_GU = np.argsort(size_GU, axis=1)
    size_GU, alike_GU = (np.take_along_axis(a, order_GU, axis=1) for a in (size_GU, alike_GU))
    square_GU = alike_GU * size_GU**2
    below_GU = np.maximum(np.cumsum(square_GU, axis=1) - square_GU, 0.0)
    smaller_GU = np.cumsum(alike_GU, axis=1) - alike_GU
    many_GU = alike_GU.sum(axis=1, keepdims=True) - smaller_GU > FEW
    step_GU = size_GU - FILLED * np.sqrt(below_GU)
    return np.asarray(np.where(many_GU, step_GU, 0.0).max(axis=1, initial=0.0))


def _furthest(units_G: Floats) -> Floats:
    """The deviate where all signs agree."""
    return np.asarray(np.maximum(-ndtri_exp(-units_G * np.log(2)), 0.0))


def _tail(size_GU: Floats, alike_GU: Floats, beyond_G: Floats, square_G: Floats) -> Floats:
    """The deviate with the upper tail of Σ ± size reaching ``beyond`` ≥ 0 (Barndorff-Nielsen's
    form)."""
    tilt_G = _tilt(size_GU, alike_GU, beyond_G, square_G)
    tilted_GU = np.minimum(tilt_G[:, None] * size_GU, FURTHEST)
    log_cosh_GU = _log_cosh(tilt_G[:, None] * size_GU)
    exponent_G = tilt_G * beyond_G - (alike_GU * log_cosh_GU).sum(axis=1)
    root_G = np.sqrt(np.maximum(2 * exponent_G, 0.0))
    around_G = (alike_GU * (size_GU / np.cosh(tilted_GU)) ** 2).sum(axis=1)
    ratio_G = tilt_G * np.sqrt(around_G) / np.maximum(root_G, SMALL)
    return bent(root_G, ratio_G, beyond_G / np.sqrt(square_G))


def _log_cosh(tilted_GU: Floats) -> Floats:
    """Of numbers ≥ 0, however large."""
    return np.asarray(tilted_GU + np.log1p(np.exp(-2 * tilted_GU)) - np.log(2))


def _tilt(size_GU: Floats, alike_GU: Floats, beyond_G: Floats, square_G: Floats) -> Floats:
    """The t at which Σ size · tanh(t · size) is ``beyond``, by Newton steps from 0: the sum is
    concave in t, so none of them leads too far. Where one unit is much larger than the rest, they
    are still to be tilted when its sign is certain, so nothing is bounded by the largest."""
    smallest_GU = np.where((alike_GU > 0) & (size_GU > SMALL), size_GU, np.inf)
    furthest_G = FURTHEST / np.maximum(smallest_GU.min(axis=1), SMALL)
    total_GU, square_GU = alike_GU * size_GU, alike_GU * size_GU**2
    tilt_G = np.minimum(beyond_G / square_G, furthest_G)  # The step from 0.
    for _ in range(NEWTONS - 1):
        tanh_GU = np.tanh(np.minimum(tilt_G[:, None] * size_GU, FURTHEST))
        short_G = beyond_G - (total_GU * tanh_GU).sum(axis=1)
        slope_G = (square_GU * (1 - tanh_GU**2)).sum(axis=1)
        step_G = np.maximum(short_G, 0.0) / np.maximum(slope_G, SMALL)
        next_G = np.minimum(tilt_G + step_G, furthest_G)
        if (next_G - tilt_G <= CLOSE * next_G).all():
            break
        tilt_G = next_G
    return np.asarray(tilt_G)
