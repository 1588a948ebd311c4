"""Units that are alike, once, with how many they are: of a million examples most are.

Whole numbers, as of right and wrong answers, are counted without sorting. Of others, units of one
size and one mean are alike, and near ones are pooled where too many differ.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

FINEST = 4096
"""Different units of one size that are told apart; more are pooled with near ones, which keeps
their total."""


class Units(NamedTuple):
    """Some rows, padded to one width: each unit's total difference and number of examples, and how
    many units are alike (0 where padded)."""

    total_GU: Floats
    size_GU: Floats
    alike_GU: Floats

    @property
    def count_G(self) -> Floats:
        count_G: Floats = self.alike_GU.sum(axis=1)
        return count_G

    @property
    def effect_G(self) -> Floats:
        effect_G: Floats = (self.alike_GU * self.total_GU).sum(axis=1) / (
            self.alike_GU * self.size_GU
        ).sum(axis=1)
        return effect_G

    @property
    def error_G(self) -> Floats:
        """Standard error of the effect over the units; rows of two units or more."""
        residual_GU = self.total_GU - self.effect_G[:, None] * self.size_GU
        square_G = (self.alike_GU * residual_GU**2).sum(axis=1)
        count_G = self.count_G
        examples_G = (self.alike_GU * self.size_GU).sum(axis=1)
        return np.asarray(np.sqrt(square_G * count_G / (count_G - 1)) / examples_G)


def told_apart(total_U: Floats, size_U: Floats, alike_U: Floats | None = None) -> Units:
    """Units that are alike once, with how many they are; their totals keep their sum where near
    ones are pooled. ``alike_U``: how many each stands for already, by itself one."""
    many_U = np.ones_like(total_U) if alike_U is None else alike_U
    whole = _whole_numbers(total_U, size_U, many_U)
    if whole is not None:
        return whole
    like_U = _kinds(total_U / np.maximum(size_U, 1), size_U)
    alike: Floats = np.bincount(like_U, many_U).astype(np.float64)
    sums = [np.bincount(like_U, many_U * column_U) for column_U in (total_U, size_U)]
    return Units(sums[0] / np.maximum(alike, 1), sums[1] / np.maximum(alike, 1), alike)


def _kinds(mean_U: Floats, size_U: Floats) -> Ints:
    """The number of each unit's kind: of equal size, and equal mean where not too many differ."""
    some = slice(4 * FINEST)  # enough to tell that too many differ, without sorting a million
    if len(np.unique(mean_U[some].round(12))) <= FINEST:
        kind_U = _alike(_ranks(mean_U.round(12)), size_U)
        if kind_U.max(initial=0) < FINEST:
            return kind_U
    step_U = (mean_U * (FINEST / 2)).round().astype(np.intp)
    return _alike(step_U - step_U.min(), size_U)


def _ranks(value_U: Floats) -> Ints:
    rank_U: Ints = np.unique(value_U, return_inverse=True)[1]
    return rank_U


def _alike(rank_U: Ints, size_U: Floats) -> Ints:
    """Kinds in the order of their ranks, and of their sizes."""
    columns = int(size_U.max(initial=0.0)) + 1
    key_U = rank_U * columns + size_U.astype(np.intp)
    if key_U.max(initial=0) > 4 * max(FINEST, len(key_U)):
        return _ranks(key_U.astype(np.float64))
    there_K = np.bincount(key_U) > 0
    return (np.cumsum(there_K) - 1)[key_U]


def _whole_numbers(total_U: Floats, size_U: Floats, many_U: Floats) -> Units | None:
    """``told_apart`` of totals that are whole numbers, without sorting them; ``None`` where they
    are not, or too many may differ."""
    if len(total_U) == 0 or (total_U != np.rint(total_U)).any():
        return None
    low, columns = total_U.min(), int(size_U.max()) + 1
    if (total_U.max() - low + 1) * columns > FINEST:
        return None
    key_U = ((total_U - low) * columns + size_U).astype(np.intp)
    alike_K: Floats = np.bincount(key_U, many_U).astype(np.float64)
    there_X = np.flatnonzero(alike_K)
    total_X, size_X = there_X // columns + low, (there_X % columns).astype(np.float64)
    order_X = np.lexsort((size_X, total_X / size_X))
    return Units(total_X[order_X], size_X[order_X], alike_K[there_X][order_X])
