"""Signs of units written out: all of few units, or those of the largest beside a rest.

How often the signs of units give a total as large as was seen can be counted where few changed.
"""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

ROUNDING = 1e-9
"""Of the largest unit: what is smaller is what adding left over."""
SMALL = 1e-300
COUNTED = (12, 20)
"""Up to so many units all signs are counted: either half stands as all totals that it gives, and
each of the one finds its place among the other's. Fewer units take less time."""
FEW = 12
"""Units whose signs are written out where there are others: the largest."""
LITTLE = 0.05
"""Of the sum of squares: what the other units may have, that those are said to decide."""
CERTAIN = 8.0
"""Standard deviations beyond which no rest reaches."""
SIGNS_FS = np.array([(1.0, *signs) for signs in product((1.0, -1.0), repeat=FEW - 1)]).T
"""All but those that only turn all of them."""
ROWS = 256
"""Rows whose signs are written out together."""


class Changed(NamedTuple):
    """What does not depend on a hypothetical mean: which units changed, and per row by how much the
    smallest of them did (0 where none did) and the coarsest step of their totals."""

    there_GU: Bools
    smallest_G: Floats
    coarsest_G: Floats

    def at(self, index: slice | Bools) -> Changed:
        return Changed(self.there_GU[index], self.smallest_G[index], self.coarsest_G[index])


class Rows(NamedTuple):
    """Rows that are treated alike: the sizes of their units' gaps, how many are alike, which are
    more than what adding left over, how many those are, the size of the gaps' total, and which
    units changed."""

    size_GU: Floats
    alike_GU: Floats
    there_GU: Bools
    units_G: Floats
    sum_G: Floats
    changed: Changed

    def at(self, index: slice | Bools) -> Rows:
        return Rows(
            self.size_GU[index],
            self.alike_GU[index],
            self.there_GU[index],
            self.units_G[index],
            self.sum_G[index],
            self.changed.at(index),
        )


def smallest(size_GU: Floats, among_GU: Bools) -> Floats:
    """The smallest size among some units of each row; 0 where there are none."""
    smallest_G = np.where(among_GU, size_GU, np.inf).min(axis=1)
    return np.where(np.isfinite(smallest_G), smallest_G, 0.0)


def largest(size_GU: Floats, alike_GU: Floats, most: int) -> Floats:
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


def counted(rows: Rows, units: int) -> Floats:
    """Of rows of no more than so many units.

    Totals go in steps, so a mean that is nearer to what was seen than the smallest step of a unit
    is not told from it: by what the smallest gap falls short of that step the sum is taken nearer
    to 0. Under a mean of 0 that is nothing.
    """
    size_RU = largest(rows.size_GU, rows.alike_GU, units)
    short_R = rows.changed.smallest_G - smallest(rows.size_GU, rows.changed.there_GU)
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


class _Few(NamedTuple):
    """Rows of which a few units decide: the gaps of those, and of the others the sum of their
    squares and half of the step that their total goes in."""

    rows_R: NDArray[np.intp]
    gap_RF: Floats
    rest_R: Floats
    step_R: Floats


def few_deciding(rows: Rows, square_G: Floats) -> _Few | None:
    """``None`` where there are surely no such rows: even as many units of the largest size would
    leave more than little."""
    most_G = FEW * rows.size_GU.max(axis=1) ** 2
    rows_R = np.flatnonzero((1 - LITTLE) * square_G <= most_G * (1 + ROUNDING))
    if len(rows_R) == 0:
        return None
    size_RU, square_R = rows.size_GU[rows_R], square_G[rows_R]
    gap_RF = largest(size_RU, rows.alike_GU[rows_R], FEW)
    rest_R = np.maximum(square_R - (gap_RF**2).sum(axis=1), 0.0)
    step_R = np.where(rows.there_GU[rows_R], size_RU, np.inf).min(axis=1, initial=np.inf)
    few_R = rest_R <= LITTLE * square_R
    return _Few(rows_R[few_R], gap_RF[few_R], rest_R[few_R], step_R[few_R])


def beside_a_rest(few: _Few, total_R: Floats) -> Floats:
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


def there(size_GU: Floats, alike_GU: Floats) -> Bools:
    """Which units are more than what adding left over."""
    return np.asarray((alike_GU > 0) & (size_GU > ROUNDING * size_GU.max(axis=1, keepdims=True)))
