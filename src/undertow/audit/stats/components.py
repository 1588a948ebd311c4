"""What members of different origins vary by beyond members of one: a one-way random-effects model.

A value is an origin's own part and the member's, both normal and independent, the members' with one
variance for all origins: value = mean + origin (variance σ_o²) + member (σ_m²). Two designs tell
both:

* several members of each of several origins (analysis of variance), or
* many members of one origin, and one member of each of several others: the first vary by σ_m², the
  second by σ_o² + σ_m². That the first origin's members vary as any other's is assumed.

Limits of σ_m² and of the origins' share σ_o² / (σ_o² + σ_m²) are exact where values are normal and
origins have equally many members (χ² and F; Searle, Casella & McCulloch 1992). Those of σ_o² are
Williams's (1962), which cover at least as often as they say. Of unequal numbers the mean squares
are those of unweighted means (Thomas & Hultquist 1978), and all is approximate.
With few origins the limits of their share are wide: of five origins with two members each, and a
share of .5, half of all intervals reach from 0 to .93 or beyond. What has a floor is not normal: a
worst class near 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, fdtri

Floats = NDArray[np.floating[Any]]


class Estimate(NamedTuple):
    """A value with its limits."""

    value: float
    low: float
    high: float


class Components(NamedTuple):
    """The members' variance, the origins', whose estimate may be below 0 and whose limits are not,
    and the origins' share of both, in [0, 1]; with how many origins, and the degrees of freedom
    that tell the members' variance."""

    members: Estimate
    origins: Estimate
    share: Estimate
    number: int
    df: int


def nested(value_M: Floats, origin_M: Sequence[str], level: float = 0.05) -> Components:
    """Several members of each of several origins. ``ValueError`` for fewer than two origins, or
    where none has two members."""
    names, index_M = np.unique(np.asarray(origin_M), return_inverse=True)
    count_G = np.bincount(index_M)
    within = len(value_M) - len(names)
    if len(names) < 2 or within < 1:
        raise ValueError(
            f"{len(value_M)} members of {len(names)} origins; at least two origins, one of them "
            "with two members, tell both variances"
        )
    mean_G = np.bincount(index_M, value_M) / count_G
    square = float(((value_M - mean_G[index_M]) ** 2).sum()) / within
    harmonic = len(names) / float((1 / count_G).sum())
    between = harmonic * float(mean_G.var(ddof=1))
    return _components(between, len(names) - 1, square, within, harmonic, level)


def beside_one(one_M: Floats, several_M: Floats, level: float = 0.05) -> Components:
    """Members of one origin, and one member of each of several others. ``ValueError`` for fewer
    than two of either."""
    if min(len(one_M), len(several_M)) < 2:
        raise ValueError(
            f"{len(one_M)} members of one origin and {len(several_M)} of others; two of each tell "
            "both variances"
        )
    own, others = float(one_M.var(ddof=1)), float(several_M.var(ddof=1))
    return _components(others, len(several_M) - 1, own, len(one_M) - 1, 1.0, level)


def _components(
    between: float, df: int, within: float, df_within: int, times: float, level: float
) -> Components:
    """From two independent mean squares: ``between`` has expectation σ_m² + times · σ_o²."""
    # what lies above: the larger quantile gives the lower limit
    tails = (level / 2, 1 - level / 2)
    low, high = (df_within * within / float(chdtri(df_within, tail)) for tail in tails)
    members = Estimate(within, low, high)
    if within == 0 and between == 0:
        nothing = Estimate(math.nan, math.nan, math.nan)
        return Components(members, nothing, nothing, df + 1, df_within)
    quantiles = [float(fdtri(df, df_within, 1 - tail)) for tail in tails]
    never = [float(chdtri(df, tail)) / df for tail in tails]
    value = (between - within) / times
    limits = [
        max((between - within * f) / (times * x), 0.0)
        for f, x in zip(quantiles, never, strict=True)
    ]
    # the estimate too is cut at 0: a share below it has no meaning
    shares = [_share(between, within, times, f) for f in (1.0, *quantiles)]
    origins = Estimate(value, *limits)
    return Components(members, origins, Estimate(*shares), df + 1, df_within)


def _share(between: float, within: float, times: float, quantile: float) -> float:
    """Of origins, where the ratio of mean squares is so many times what it is expected to be."""
    if within == 0:
        return 1.0
    ratio = max((between / within / quantile - 1) / times, 0.0)
    return ratio / (1 + ratio)
