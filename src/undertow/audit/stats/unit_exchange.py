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

from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, ndtri_exp

Floats = NDArray[np.floating[Any]]

HALVINGS, NEWTONS = 30, 25
RESOLVED = 2.0 ** (2 - HALVINGS)
"""What the halvings do not tell from 0."""
ROUNDING = 1e-9
"""Of the largest unit: what is smaller is what adding left over."""
FURTHEST = 30.0
"""The largest exponent: tanh of it is 1."""
CLOSE = 1e-12
NEAR = 0.1
"""Of a deviate below this the correction is a quotient of two numbers near 0."""
SMALL = 1e-300
COUNTED = (12, 20)
"""Up to so many units all signs are counted: either half stands as all totals that it gives, and
each of the one finds its place among the other's. Fewer units take less time."""
FEW = 12
"""Units whose signs are written out where there are others: the largest."""
LITTLE = 0.05
"""Of the sum of squares: what the other units may have, that those are said to decide."""
FILLED = 1.0
"""Standard deviations of smaller units that fill the steps of a larger one."""
CERTAIN = 8.0
"""Standard deviations beyond which no rest reaches."""
SIGNS_FS = np.array([(1.0, *signs) for signs in product((1.0, -1.0), repeat=FEW - 1)]).T
"""All but those that only turn all of them."""
ROWS = 256
"""Rows whose signs are written out together."""


def exchange_p(total_GU: Floats, alike_GU: Floats) -> Floats:
    """Per row, two-sided p for a mean of 0. ``total_GU`` are the units' total changes, each of as
    many units as ``alike_GU`` says."""
    found_G = _deviate(total_GU, total_GU, alike_GU, _coarsest(total_GU, alike_GU))
    return np.asarray(np.minimum(1.0, 2 * ndtr(-np.abs(found_G))))


def exchange_limit(
    total_GU: Floats, size_GU: Floats, alike_GU: Floats, level: float, side: int
) -> Floats:
    """Per row, the largest mean (``side`` 1) or the smallest (−1) that is not rejected with chance
    ``level`` / 2; the end of the range [−1, 1] where so few units reject nothing."""
    quantile = -float(ndtri(level / 2))
    near_G = (alike_GU * total_GU).sum(axis=1) / (alike_GU * size_GU).sum(axis=1)
    far_G, coarsest_G = np.full_like(near_G, float(side)), _coarsest(total_GU, alike_GU)
    for _ in range(HALVINGS):
        middle_G = (near_G + far_G) / 2
        gap_GU = total_GU - middle_G[:, None] * size_GU
        inside_G = -side * _deviate(gap_GU, total_GU, alike_GU, coarsest_G) <= quantile
        near_G, far_G = np.where(inside_G, middle_G, near_G), np.where(inside_G, far_G, middle_G)
    return np.where(np.abs(near_G) < RESOLVED, 0.0, near_G)


def _deviate(gap_GU: Floats, total_GU: Floats, alike_GU: Floats, coarsest_G: Floats) -> Floats:
    """The normal deviate of the gaps' total among all their signs."""
    there_GU = _there(np.abs(gap_GU), alike_GU)
    units_G = (alike_GU * there_GU).sum(axis=1)
    every = _Rows(gap_GU, total_GU, alike_GU, there_GU, units_G, coarsest_G)
    deviate_G, fewer = np.zeros(len(units_G)), -1.0
    for most in (*COUNTED, np.inf):
        rows_G = (units_G > fewer) & (units_G <= most)
        if rows_G.any():
            index = slice(None) if rows_G.all() else rows_G
            rows = every.at(index)
            deviate_G[index] = _near_normal(rows) if np.isinf(most) else _counted(rows, int(most))
        fewer = most
    return np.asarray(np.sign((alike_GU * gap_GU).sum(axis=1)) * deviate_G)


class _Rows(NamedTuple):
    """Rows that are treated alike: their units' gaps and totals, how many are alike, which are more
    than what adding left over, how many those are, and the coarsest step of their totals."""

    gap_GU: Floats
    total_GU: Floats
    alike_GU: Floats
    there_GU: NDArray[np.bool_]
    units_G: Floats
    coarsest_G: Floats

    def at(self, index: slice | NDArray[np.bool_]) -> _Rows:
        return _Rows(
            self.gap_GU[index],
            self.total_GU[index],
            self.alike_GU[index],
            self.there_GU[index],
            self.units_G[index],
            self.coarsest_G[index],
        )

    @property
    def sum_G(self) -> Floats:
        return np.asarray(np.abs((self.alike_GU * self.gap_GU).sum(axis=1)))

    def smallest_G(self, of_GU: Floats) -> Floats:
        """The smallest of the units that changed; 0 where none did."""
        size_GU = np.abs(of_GU)
        changed_GU = _there(np.abs(self.total_GU), self.alike_GU)
        smallest_G = np.where(changed_GU, size_GU, np.inf).min(axis=1)
        return np.where(np.isfinite(smallest_G), smallest_G, 0.0)


def _largest(size_GU: Floats, alike_GU: Floats, most: int) -> Floats:
    """The sizes of the largest units, of which those that are alike stand in one place; 0 where
    there are fewer."""
    size_GU = np.where(alike_GU > 0, size_GU, 0.0)
    # Units that are alike stand in one place, so the largest places hold the largest units.
    places = min(most, size_GU.shape[1])
    place_GK = np.argpartition(-size_GU, places - 1, axis=1)[:, :places]
    order_GK = np.argsort(-np.take_along_axis(size_GU, place_GK, axis=1), axis=1, kind="stable")
    place_GK = np.take_along_axis(place_GK, order_GK, axis=1)
    taken_GK = np.cumsum(np.take_along_axis(alike_GU, place_GK, axis=1), axis=1)
    before_GF = (taken_GK[:, :, None] <= np.arange(most)).sum(axis=1)
    chosen_GF = np.take_along_axis(place_GK, np.minimum(before_GF, places - 1), axis=1)
    return np.asarray(np.take_along_axis(size_GU, chosen_GF, axis=1) * (before_GF < places))


def _counted(rows: _Rows, units: int) -> Floats:
    """Of rows of no more than so many units.

    Totals go in steps, so a mean that is nearer to what was seen than the smallest step of a unit
    is not told from it: by what the smallest gap falls short of that step the sum is taken nearer
    to 0. Under a mean of 0 that is nothing.
    """
    size_RU = _largest(np.abs(rows.gap_GU), rows.alike_GU, units)
    short_R = rows.smallest_G(rows.total_GU) - rows.smallest_G(rows.gap_GU)
    total_R = np.maximum(rows.sum_G - np.maximum(short_R, 0.0), 0.0)
    half_HS = np.array(list(product((1.0, -1.0), repeat=units // 2))).T
    signs = half_HS.shape[1]
    deviate_R = np.zeros(len(total_R))
    for start in range(0, len(total_R), ROWS):
        part = slice(start, start + ROWS)
        largest_R1 = np.maximum(size_RU[part].max(axis=1, keepdims=True), SMALL)
        size_RP = size_RU[part] / largest_R1
        one_RS = size_RP[:, : units // 2] @ half_HS
        other_RS = np.sort(size_RP[:, units // 2 :] @ half_HS)
        # Rows are set apart, so that all of them are one sorted list.
        row_R1 = 4.0 * units * np.arange(len(size_RP))[:, None]
        short_RS = np.clip(total_R[part, None] / largest_R1 - one_RS - ROUNDING, -units, units)
        place_RS = np.searchsorted((other_RS + row_R1).ravel(), short_RS + row_R1)
        last_R1 = signs * np.arange(1, len(size_RP) + 1)[:, None]
        chance_R = 2 * (last_R1 - place_RS).sum(axis=1) / signs**2
        deviate_R[part] = -ndtri(np.minimum(chance_R, 1.0) / 2)
    return deviate_R


def _near_normal(rows: _Rows) -> Floats:
    """Of rows of many units: half a step nearer to 0."""
    square_G = np.maximum((rows.alike_GU * rows.gap_GU**2).sum(axis=1), SMALL)
    beyond_G = np.maximum(rows.sum_G - _half_step(rows), 0.0)
    tail_G = _tail(np.abs(rows.gap_GU), rows.alike_GU, beyond_G, square_G)
    furthest_G = _furthest(rows.units_G)
    # Where no unit changed, all signs agree under any other mean.
    none_G = ~(rows.alike_GU * np.abs(rows.total_GU)).any(axis=1)
    few = _few(rows, square_G)
    tail_G[few.rows_R] = _beside_a_rest(few, rows.sum_G[few.rows_R])
    return np.where(none_G, furthest_G, np.minimum(tail_G, furthest_G))


def _half_step(rows: _Rows) -> Floats:
    """Half of what the total moves by when a sign changes, of the smallest unit that changed: in
    such steps the total goes if units are alike. Of those that did not change the gap is only what
    the hypothetical mean makes it, and no step is smaller than under a mean of 0."""
    return np.maximum(rows.coarsest_G, rows.smallest_G(rows.gap_GU))


class _Few(NamedTuple):
    """Rows of which a few units decide: the gaps of those, and of the others the sum of their
    squares and half of the step that their total goes in."""

    rows_R: NDArray[np.intp]
    gap_RF: Floats
    rest_R: Floats
    step_R: Floats


def _few(rows: _Rows, square_G: Floats) -> _Few:
    size_GU = np.abs(rows.gap_GU)
    gap_GF = _largest(size_GU, rows.alike_GU, FEW)
    rest_G = np.maximum(square_G - (gap_GF**2).sum(axis=1), 0.0)
    rows_R = np.flatnonzero(rest_G <= LITTLE * square_G)
    step_R = np.where(rows.there_GU[rows_R], size_GU[rows_R], np.inf).min(axis=1, initial=np.inf)
    return _Few(rows_R, gap_GF[rows_R], rest_G[rows_R], step_R)


def _beside_a_rest(few: _Few, total_R: Floats) -> Floats:
    """The deviate of the total ≥ 0 of these rows among the signs of the few, with what is left as
    normal."""
    deviate_R = np.zeros(len(few.rows_R))
    for start in range(0, len(deviate_R), ROWS):
        part = slice(start, start + ROWS)
        gap_RF, rest_R = few.gap_RF[part], np.sqrt(np.maximum(few.rest_R[part], SMALL))
        short_RS = total_R[part, None] - np.abs(gap_RF @ SIGNS_FS)
        chance_RS = _reached(
            (short_RS - few.step_R[part][:, None]) / rest_R[:, None], total_R[part] / rest_R
        )
        deviate_R[part] = -ndtri(np.minimum(chance_RS.mean(axis=1), 1.0) / 2)
    return deviate_R


def _reached(short_RS: Floats, total_R: Floats) -> Floats:
    """The chance that a normal rest makes up for what the signs are short of the total, or reaches
    its other end; in the rest's standard deviations."""
    chance_RS = (short_RS < 0).astype(np.float64)
    near_RS = np.abs(short_RS) < CERTAIN
    chance_RS[near_RS] = ndtr(-short_RS[near_RS])
    both_R = np.flatnonzero(total_R < CERTAIN)
    chance_RS[both_R] += ndtr(short_RS[both_R] - 2 * total_R[both_R, None])
    return chance_RS


def _coarsest(total_GU: Floats, alike_GU: Floats) -> Floats:
    """Of the units that changed the step of the smallest, or of some larger one what all smaller
    ones together do not fill: beside sixteen clusters of a thousand, ten of one leave the total
    going in thousands. Up to ``FEW`` large ones leave no such steps: their own signs are few."""
    size_GU = np.abs(total_GU)
    there_GU = _there(size_GU, alike_GU)
    size_GU, alike_GU = np.where(there_GU, size_GU, 0.0), np.where(there_GU, alike_GU, 0.0)
    order_GU = np.argsort(size_GU, axis=1)
    size_GU, alike_GU = (np.take_along_axis(a, order_GU, axis=1) for a in (size_GU, alike_GU))
    square_GU = alike_GU * size_GU**2
    below_GU = np.maximum(np.cumsum(square_GU, axis=1) - square_GU, 0.0)
    smaller_GU = np.cumsum(alike_GU, axis=1) - alike_GU
    many_GU = alike_GU.sum(axis=1, keepdims=True) - smaller_GU > FEW
    step_GU = size_GU - FILLED * np.sqrt(below_GU)
    return np.asarray(np.where(many_GU, step_GU, 0.0).max(axis=1, initial=0.0))


def _there(size_GU: Floats, alike_GU: Floats) -> NDArray[np.bool_]:
    """Which units are more than what adding left over."""
    return np.asarray((alike_GU > 0) & (size_GU > ROUNDING * size_GU.max(axis=1, keepdims=True)))


def _furthest(units_G: Floats) -> Floats:
    """The deviate where all signs agree."""
    return np.asarray(np.maximum(-ndtri_exp(-units_G * np.log(2)), 0.0))


def _tail(size_GU: Floats, alike_GU: Floats, beyond_G: Floats, square_G: Floats) -> Floats:
    """The deviate with the upper tail of Σ ± size reaching ``beyond`` ≥ 0 (Barndorff-Nielsen's
    form)."""
    tilt_G = _tilt(size_GU, alike_GU, beyond_G)
    tilted_GU = np.minimum(tilt_G[:, None] * size_GU, FURTHEST)
    log_cosh_GU = _log_cosh(tilt_G[:, None] * size_GU)
    exponent_G = tilt_G * beyond_G - (alike_GU * log_cosh_GU).sum(axis=1)
    root_G = np.sqrt(np.maximum(2 * exponent_G, 0.0))
    around_G = (alike_GU * (size_GU / np.cosh(tilted_GU)) ** 2).sum(axis=1)
    ratio_G = tilt_G * np.sqrt(around_G) / np.maximum(root_G, SMALL)
    usable_G = (root_G > NEAR) & (ratio_G > 0)
    bent_G = np.divide(
        np.log(np.where(usable_G, ratio_G, 1.0)), root_G, out=np.zeros_like(root_G), where=usable_G
    )
    normal_G = beyond_G / np.sqrt(square_G)
    return np.asarray(np.where(usable_G, np.maximum(root_G + bent_G, 0.0), normal_G))


def _log_cosh(tilted_GU: Floats) -> Floats:
    """Of numbers ≥ 0, however large."""
    return np.asarray(tilted_GU + np.log1p(np.exp(-2 * tilted_GU)) - np.log(2))


def _tilt(size_GU: Floats, alike_GU: Floats, beyond_G: Floats) -> Floats:
    """The t at which Σ size · tanh(t · size) is ``beyond``, by Newton steps from 0: the sum is
    concave in t, so none of them leads too far. Where one unit is much larger than the rest, they
    are still to be tilted when its sign is certain, so nothing is bounded by the largest."""
    smallest_GU = np.where((alike_GU > 0) & (size_GU > SMALL), size_GU, np.inf)
    furthest_G = FURTHEST / np.maximum(smallest_GU.min(axis=1), SMALL)
    tilt_G = np.zeros_like(beyond_G)
    for _ in range(NEWTONS):
        tanh_GU = np.tanh(np.minimum(tilt_G[:, None] * size_GU, FURTHEST))
        short_G = beyond_G - (alike_GU * size_GU * tanh_GU).sum(axis=1)
        slope_G = (alike_GU * size_GU**2 * (1 - tanh_GU**2)).sum(axis=1)
        step_G = np.maximum(short_G, 0.0) / np.maximum(slope_G, SMALL)
        next_G = np.minimum(tilt_G + step_G, furthest_G)
        if (next_G - tilt_G <= CLOSE * next_G).all():
            break
        tilt_G = next_G
    return np.asarray(tilt_G)
