"""Limits of the true lowest recalls, as endless test examples would show them.

The plain value is too low on average, whatever the recalls are, and the cross-fitted one too high.
So the plain one's lower limit and the cross-fitted one's upper limit hold the truth. They are wide
where many classes may be the lowest. Narrower ones do not hold whatever the recalls are: of a true
difference between an arm with one low class and one with even classes, limits of the measured
difference held .63 and percentiles of a bootstrap .53 of the time, these 1.00
(``tests/study/worst/test_coverage.py``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from undertow.study.worst.arms import Arm, worst
from undertow.study.worst.limits import half_of, vary
from undertow.study.worst.recalls import Floats, cross_fitted
from undertow.study.worst.values import difference, value


class Bounds(NamedTuple):
    """The plain value (too low on average), the cross-fitted one (too high), and limits of coverage
    .95 or more of the true one; of a difference, the two are the least and the largest that plain
    and cross-fitted values allow."""

    plain: float
    crossed: float
    low: float
    high: float


class _Crossed(NamedTuple):
    """Of units (U), the least by which one answer moves it, and the squared error that test
    examples add to the mean over units."""

    value_U: Floats
    step: float
    examples: float


def true_worst(arm: Arm, k: int = 1) -> Bounds:
    """Of an arm's true worst-k: the mean over members of the k lowest true recalls of each."""
    plain, over = value(arm, worst(k)), _crossed(arm, k)
    crossed = float(over.value_U.mean())
    high = crossed + half_of(vary(over.step, over.value_U), over.examples)
    return Bounds(plain.mean, crossed, plain.low, high)


def true_difference(arm: Arm, than: Arm, k: int = 1) -> Bounds:
    """How much more of it ``arm`` has than ``than``."""
    own, other = true_worst(arm, k), true_worst(than, k)
    found = difference(arm, than, worst(k))
    first, second = _crossed(arm, k), _crossed(than, k)
    # examples are the same on both sides, which only makes a difference of them vary less
    members = vary(first.step, first.value_U, second.value_U)
    crossed_half = half_of(members, first.examples + second.examples)
    half = np.maximum(found.high - found.mean, crossed_half)
    least, most = own.plain - other.crossed, own.crossed - other.plain
    return Bounds(least, most, float(least - half), float(most + half))


def _crossed(arm: Arm, k: int) -> _Crossed:
    found = cross_fitted(arm.right_MN, arm.label_N, arm.classes, k)
    value_U = np.array([found.value_M[rows].mean() for rows in arm.units])
    part_MN = found.part_MC[:, arm.label_N]
    mean_N = np.mean([(part_MN * arm.right_MN)[rows].mean(axis=0) for rows in arm.units], axis=0)
    square = 0.0
    for c in range(arm.classes):
        own_K = mean_N[arm.label_N == c]
        square += float(own_K.var(ddof=1)) / len(own_K)
    step = 1 / (k * int(np.bincount(arm.label_N).max()))
    return _Crossed(value_U, step, square)
