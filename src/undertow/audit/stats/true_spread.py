"""How much members would differ on endless examples, of what they differ by on these.

Accuracies on n examples vary even where all members are equally good: each example falls one way or
the other in each member. With s_i² the variance of example i's outcome over members, the mean
covariance of two different examples is

    V = n / (n − 1) · [ Var(accuracy) − (1 / n²) · Σ s_i² ],

which has the variance of members' true accuracies in expectation (what 2304.01910 calls the
variance of distributions; the formula is in 1.7 of the notes on 2106.11872). It may come out below
0, and often does where the truth is near 0.

Limits: χ² over members of Var(accuracy), the normal over examples of the mean of s_i², and their
distances add in squares (Zou & Donner 2008). They held the truth in .945 to .955 of 2,000 simulated
populations (``benchmarks/tooling.py``). Resampling members and examples has V too high, as an
example that is drawn twice varies together with itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from undertow.audit.stats.components import Estimate
from undertow.audit.stats.member_spread import NOTHING, limit_factors, variance

Floats = NDArray[np.floating[Any]]


def true_variance(value_MN: Floats, level: float = 0.05) -> Estimate:
    """V of outcomes (M, N) that are all there, such as 0 and 1; unit squared. Examples are a sample
    of independent ones. The estimate may be below 0, the limits are not. NaN for fewer than two
    members or examples, or any NaN."""
    value_MN = np.asarray(value_MN, np.float64)
    members, n = value_MN.shape
    if members < 2 or n < 2 or np.isnan(value_MN).any():
        return NOTHING
    mean_M = value_MN.mean(axis=1)
    seen, factors = variance(mean_M), limit_factors(members, level)
    least, most = (seen * factor**2 for factor in factors)
    own_N = value_MN.var(axis=0, ddof=1)
    noise = float(own_N.mean()) / n
    off = float(-ndtri(level / 2) * own_N.std(ddof=1)) / n**1.5
    times, found = n / (n - 1), seen - noise
    low, high = found - np.hypot(seen - least, off), found + np.hypot(most - seen, off)
    return Estimate(times * found, *(max(times * float(x), 0.0) for x in (low, high)))


def true_spread(value_MN: Floats, level: float = 0.05) -> Estimate:
    """Its root, in the unit of the values: the standard deviation of members' true means; 0 where
    the variance comes out below 0, which says that none is seen, not that there is none."""
    return Estimate(*(float(np.sqrt(np.maximum(x, 0.0))) for x in true_variance(value_MN, level)))
