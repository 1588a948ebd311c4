"""An interval by resampling: an arm's mean over its members."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

Floats = NDArray[np.floating[Any]]


def bootstrap_mean(
    value_M: Floats, *, draws: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Interval of the mean over members: percentiles of resampled means, widened for few members.

    Plain percentiles of 5 members are a quarter too narrow. Hesterberg's (2015) expansion reads
    them at the level whose normal quantile is √(m/(m−1)) times Student's. Up to 4 members no
    resample lies so far out, and the percentiles would be the smallest and the largest member:
    there the limits are Student's. NaN for one member or any NaN.
    """
    value_M = np.asarray(value_M, dtype=np.float64)
    members = len(value_M)
    if members < 2 or np.isnan(value_M).any():
        return float("nan"), float("nan")
    student = -float(stdtrit(members - 1, level / 2))
    tail = ndtr(-np.sqrt(members / (members - 1)) * student)
    if tail < members**-members:
        error = float(value_M.std(ddof=1)) / np.sqrt(members)
        half = student * error
        return float(value_M.mean()) - half, float(value_M.mean()) + half
    mean_D = value_M[rng.integers(0, members, size=(draws, members))].mean(axis=1)
    low, high = np.quantile(mean_D, [tail, 1 - tail])
    return float(low), float(high)
