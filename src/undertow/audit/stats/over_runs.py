"""The models at hand, each side the mean of its runs, compared over examples.

Several runs of a side are averaged on each example before anything is tested: the noise of single
runs then shrinks with their number, so more runs decide more and never less. How far runs of the
reference differ among themselves is the floor of a disagreement.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.stats.mean_shift import mean_shift
from undertow.audit.stats.paired_shift import Shift, paired_shift

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

BLOCK = 1 << 14
"""Examples whose disagreement is worked out together."""
MOST_PAIRS = 28
"""Pairs of runs that a disagreement is averaged over; of more, evenly spread ones are taken."""


class Excess(NamedTuple):
    """How far two sides disagree beyond repeat runs, per row: limits of coverage 1 − level, the
    upper one allowing for clusters unlike those seen, one-sided p, the lower limit that allows for
    such clusters too, how many examples or clusters and the standard error over them. NaN
    without repeat runs."""

    effect_G: Floats
    low_G: Floats
    high_G: Floats
    p_G: Floats
    unseen_low_G: Floats
    units_G: Floats
    error_G: Floats


def mean_of_runs(value_RN: Floats) -> Floats:
    """Each example's mean over the runs that have a value; NaN where none has. One run is
    itself."""
    if len(value_RN) == 1:
        return np.asarray(value_RN[0])
    known_N = (~np.isnan(value_RN)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_N: Floats = np.nansum(value_RN, axis=0, dtype=np.float64) / known_N
    return mean_N


def run_shift(
    membership_GN: sp.csr_array,
    before_RN: Floats,
    after_RN: Floats,
    level: float,
    cluster_N: Ints | None,
) -> Shift:
    """The shift from the mean of one side's runs to the mean of the other's."""
    return paired_shift(
        membership_GN, mean_of_runs(before_RN), mean_of_runs(after_RN), level, cluster_N
    )


def disagreements(
    before_R: NDArray[Any], after_R: NDArray[Any], label_N: Ints, function: Callable[..., Floats]
) -> tuple[Floats, Floats]:
    """Each example's mean disagreement between a run of either side (N,), and that of any two runs
    of the reference (P, N), empty with one run. ``function(a, b, label_N)`` may be asymmetric:
    reference first, and both ways within the reference."""
    across = _some(list(product(range(len(before_R)), range(len(after_R)))))
    value_N = mean_of_runs(
        np.array([_in_blocks(function, before_R[r], after_R[v], label_N) for r, v in across])
    )
    within = _some(list(combinations(range(len(before_R)), 2)))
    both = [
        mean_of_runs(
            np.array(
                [
                    _in_blocks(function, before_R[a], before_R[b], label_N),
                    _in_blocks(function, before_R[b], before_R[a], label_N),
                ]
            )
        )
        for a, b in within
    ]
    return value_N, np.array(both).reshape(len(within), len(value_N))


def _in_blocks(
    function: Callable[..., Floats], before_X: NDArray[Any], after_X: NDArray[Any], label_N: Ints
) -> Floats:
    """The values of all examples; what is worked out on the way is small."""
    return np.concatenate(
        [
            function(
                before_X[start : start + BLOCK],
                after_X[start : start + BLOCK],
                label_N[start : start + BLOCK],
            )
            for start in range(0, max(len(label_N), 1), BLOCK)
        ]
    )


def _some(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return pairs[:: -(-len(pairs) // MOST_PAIRS)] if pairs else pairs


def beyond_repeats(
    membership_GN: sp.csr_array,
    value_N: Floats,
    repeat_PN: Floats,
    level: float,
    cluster_N: Ints | None,
) -> Excess:
    """Whether two sides disagree more than the reference's runs do among themselves; values in [0,
    1]."""
    if len(repeat_PN) == 0:
        nothing_G = np.full(membership_GN.shape[0], np.nan)
        return Excess(*(nothing_G for _ in Excess._fields))
    found = mean_shift(
        membership_GN,
        np.asarray(value_N - mean_of_runs(repeat_PN), dtype=np.float64),
        level,
        cluster_N,
    )
    p_G = np.where(found.effect_G > 0, found.p_G / 2, 1 - found.p_G / 2)
    limits = found.low_G, found.unseen_high_G
    over = found.units_G, found.error_G
    return Excess(found.effect_G, *limits, p_G, found.unseen_low_G, *over)
