"""Chosen examples and the others of their strata, as units that can be exchanged within a stratum.

A unit is an example, or of a cluster what of it is in one stratum and one role.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

ROUNDING = 1e-12
"""Of the largest value: what lies so near its stratum's mean does not differ from it."""
BLOCK = 1 << 20
"""Random numbers that are drawn together."""


@dataclass(frozen=True, eq=False)
class Units:
    """Units stratum by stratum (S), and in each the ``chosen_S`` chosen ones first. Totals are of
    values about their stratum's mean, ``size_KU`` is how many values are known."""

    total_KU: Floats
    size_KU: Floats
    stratum_U: Ints
    cluster_U: Ints
    chosen_S: Ints
    spread_K: Floats
    """The standard deviation of single values in their stratum."""

    @cached_property
    def first_S(self) -> Ints:
        """Where each stratum begins."""
        return np.searchsorted(self.stratum_U, np.arange(len(self.chosen_S)))

    @cached_property
    def observed_X(self) -> Ints:
        """The chosen units as they are."""
        return _places(self.chosen_S) + np.repeat(self.first_S, self.chosen_S)

    @property
    def stratum_X(self) -> Ints:
        """In which stratum each chosen unit is, however they are exchanged."""
        return np.repeat(np.arange(len(self.chosen_S)), self.chosen_S)

    def exchanged(self, draws: int, rng: np.random.Generator) -> Iterator[Ints]:
        """Blocks of rearrangements, (D, X): as many units of each stratum as are chosen there. The
        very first is what was observed."""
        width = len(self.stratum_U)
        step = max(1, BLOCK // width)
        end_S = np.append(self.first_S[1:], width)
        yield self.observed_X[None]
        for start in range(1, draws, step):
            rows = min(step, draws - start)
            yield np.hstack([
                first + np.argpartition(rng.random((rows, end - first)), take - 1)[:, :take]
                for first, end, take in zip(self.first_S, end_S, self.chosen_S, strict=True)
            ])  # fmt: skip


def units_of(
    value_KN: Floats, chosen_N: Bools, stratum_N: Ints, cluster_N: Ints | None
) -> Units | None:
    """Of the strata that hold both chosen examples and others; ``None`` where none does."""
    _, stratum_N = np.unique(stratum_N, return_inverse=True)
    of_chosen_S, of_all_S = np.bincount(stratum_N, chosen_N), np.bincount(stratum_N)
    kept_N = ((of_chosen_S > 0) & (of_chosen_S < of_all_S))[stratum_N]
    if not kept_N.any():
        return None
    _, stratum_N = np.unique(stratum_N[kept_N], return_inverse=True)
    value_KN, other_N = value_KN[:, kept_N], ~chosen_N[kept_N]
    given_N = np.arange(len(other_N)) if cluster_N is None else cluster_N[kept_N]
    _, cluster_N = np.unique(given_N, return_inverse=True)
    many = int(cluster_N.max()) + 1
    key_U, unit_N = np.unique((2 * stratum_N + other_N) * many + cluster_N, return_inverse=True)
    known_KN = ~np.isnan(value_KN)
    about_KN = np.where(known_KN, value_KN - _means(value_KN, stratum_N), 0.0)
    scale_K1 = np.where(known_KN, np.abs(value_KN), 0.0).max(axis=1, keepdims=True)
    about_KN[np.abs(about_KN) <= ROUNDING * scale_K1] = 0.0
    total_KU, size_KU = (
        np.stack([np.bincount(unit_N, row_N, len(key_U)).astype(float) for row_N in each_KN])
        for each_KN in (about_KN, known_KN)
    )
    role_U = key_U // many
    stratum_U, chosen_U = role_U // 2, role_U % 2 == 0
    free_K = np.maximum(known_KN.sum(axis=1) - len(np.unique(stratum_N)), 1)
    spread_K = np.sqrt((about_KN**2).sum(axis=1) / free_K)
    chosen_S = np.bincount(stratum_U, chosen_U).astype(np.intp)
    return Units(total_KU, size_KU, stratum_U, key_U % many, chosen_S, spread_K)


def _means(value_KN: Floats, stratum_N: Ints) -> Floats:
    """Of each example its stratum's mean of what is known."""
    rows = [
        np.bincount(stratum_N, np.nan_to_num(row_N))
        / np.maximum(np.bincount(stratum_N, ~np.isnan(row_N)), 1)
        for row_N in value_KN
    ]
    return np.stack(rows)[:, stratum_N]


def _places(count_S: Ints) -> Ints:
    """0, 1, … in each of several rows of so many places."""
    before_S = np.cumsum(count_S) - count_S
    return np.arange(count_S.sum()) - np.repeat(before_S, count_S)
