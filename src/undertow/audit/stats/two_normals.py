"""A mixture of two normal distributions on a line: which of two heaps a number belongs to.

Expectation and maximisation as ``sklearn.mixture.GaussianMixture`` does them, for one feature
(``tests/audit/stats/test_two_normals.py`` holds the two together). It starts from the two groups
with the least squares within: on a line these are found by trying every cut, where k-means draws
starts and may end in a worse place, so nothing is drawn here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

STEPS, ENOUGH, LEAST = 10, 1e-2, 5e-4
"""At most so many steps, fewer where the mean log-likelihood changes by less; what is added to each
variance. As in the code of 2002.07394."""
TINY = 10 * np.finfo(np.float64).eps
"""Added to each weight, so that an empty component has a mean."""


class Normals(NamedTuple):
    """Weight, mean and variance of both, (2,) each."""

    weight: Floats
    mean: Floats
    variance: Floats


def lower_posterior(value_N: Floats) -> Floats:
    """(N,): the posterior probability of the component with the lower mean, where values are scaled
    to [0, 1]; NaN where a value is, and everywhere where there are not two different ones.

    The order of the values makes no difference, to the last bit. A component that is wide may win
    at both ends, so a larger value need not have a smaller posterior.
    """
    known_N = ~np.isnan(value_N)
    posterior_N = np.full(value_N.shape, np.nan)
    known = value_N[known_N]
    if not known.size or known.min() == known.max():
        return posterior_N
    scaled = (known - known.min()) / (known.max() - known.min())
    rising = np.sort(scaled)
    normals = fitted(rising, best_cut(rising))
    posterior_N[known_N] = _shares(scaled, normals)[0][normals.mean.argmin()]
    return posterior_N


def best_cut(rising_N: Floats) -> int:
    """How many of the values, which rise, are the lower of two groups with the least squares
    within. Equal values stay together; there are two different ones at least."""
    away_N = rising_N - rising_N.mean()
    below_N, lower_N = np.arange(1, len(away_N)), away_N.cumsum()[:-1]
    # the sums of both groups are opposite, so the squares between groups are these
    between_N = lower_N**2 / below_N + lower_N**2 / (len(away_N) - below_N)
    return 1 + int(np.where(np.diff(rising_N) > 0, between_N, -1.0).argmax())


def fitted(rising_N: Floats, cut: int) -> Normals:
    """The mixture, from the first ``cut`` values in one component and the rest in the other."""
    lower_N = np.arange(len(rising_N)) < cut
    normals = _likeliest(rising_N, np.stack([lower_N, ~lower_N]).astype(np.float64))
    before = -np.inf
    for _ in range(STEPS):
        share_2N, likelihood = _shares(rising_N, normals)
        normals = _likeliest(rising_N, share_2N)
        if abs(likelihood - before) < ENOUGH:
            break
        before = likelihood
    return normals


def _shares(value_N: Floats, normals: Normals) -> tuple[Floats, float]:
    """(2, N): how far each value belongs to each component; the mean log-likelihood."""
    weight_21, mean_21, variance_21 = (part[:, None] for part in normals)
    log_2N = np.log(weight_21) - 0.5 * (
        np.log(2 * np.pi * variance_21) + (value_N - mean_21) ** 2 / variance_21
    )
    both_N = np.logaddexp(*log_2N)
    return np.exp(log_2N - both_N), float(both_N.mean())


def _likeliest(value_N: Floats, share_2N: Floats) -> Normals:
    count_2 = share_2N.sum(axis=1) + TINY
    mean_2 = share_2N @ value_N / count_2
    squares_2N = (value_N - mean_2[:, None]) ** 2
    variance_2 = (share_2N * squares_2N).sum(axis=1) / count_2 + LEAST
    return Normals(count_2 / count_2.sum(), mean_2, variance_2)
