"""Kinds of examples as components of a mixture: beta distributions fitted to how labels stand.

Counts of bins are what is fitted, so a fit costs the same for a thousand examples and a million.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

Floats = NDArray[np.floating[Any]]

BINS = 200
MOST_STEPS = 2000
LEAST_GAIN, GAIN_AGAIN = 1e-7, 1e-5
"""Of the log-likelihood per example, below which a step is the last; where it is fitted anew."""
SPREAD = (0.5, 500.0)
"""The least and largest a + b of a component."""
MIDDLE_B = (np.arange(BINS) + 0.5) / BINS
_LOW_B1, _HIGH_B1 = np.log(MIDDLE_B)[:, None], np.log1p(-MIDDLE_B)[:, None]


@dataclass(frozen=True, eq=False)
class Mixture:
    """K components in the order of their means, the first that of wrong labels. ``posterior_BK``
    is what the mixture believes of an example in each bin."""

    weight_K: Floats
    mean_K: Floats
    spread_K: Floats
    posterior_BK: Floats
    log_likelihood: float


def bins_of(standing_N: Floats) -> NDArray[np.intp]:
    """(N,): the bin of each, without undefined ones."""
    return np.clip((standing_N * BINS).astype(np.intp), 0, BINS - 1)


def counts_of(standing_N: Floats) -> Floats:
    """(B,): how many are in each bin."""
    return np.bincount(bins_of(standing_N), minlength=BINS).astype(np.float64)


def log_densities(mean_K: Floats, spread_K: Floats) -> Floats:
    """(B, K): of beta distributions with these means and these a + b, in the middles of bins."""
    a_K, b_K = mean_K * spread_K, (1 - mean_K) * spread_K
    return np.asarray((a_K - 1) * _LOW_B1 + (b_K - 1) * _HIGH_B1 - betaln(a_K, b_K))


def fitted(count_B: Floats, kinds: int = 3, *, start: Mixture | None = None) -> Mixture:
    """By expectation and maximisation, where the second matches each component's mean and
    variance. Deterministic. From a ``start``, as of the same examples drawn anew, less near to the
    end will do."""
    mean_K = np.linspace(0.1, 0.95, kinds) if start is None else start.mean_K.copy()
    spread_K = np.full(kinds, 6.0) if start is None else start.spread_K.copy()
    weight_K = np.full(kinds, 1 / kinds) if start is None else start.weight_K.copy()
    least = (LEAST_GAIN if start is None else GAIN_AGAIN) * float(count_B.sum())
    before = -np.inf
    for _ in range(MOST_STEPS):
        posterior_BK, likelihood = _believed(count_B, weight_K, mean_K, spread_K)
        if likelihood - before < least:
            break
        before = likelihood
        weight_K, mean_K, spread_K = _matched(count_B, posterior_BK)
    order_K = np.argsort(mean_K, kind="stable")
    return Mixture(
        weight_K[order_K],
        mean_K[order_K],
        spread_K[order_K],
        falling(posterior_BK[:, order_K]),
        likelihood,
    )


def falling(posterior_BK: Floats) -> Floats:
    """The first kind never becomes likelier where a label stands better: a wide component could
    take either end back. What the others have is divided as it was."""
    half = BINS // 2
    low_B = np.maximum.accumulate(posterior_BK[half::-1, 0])[::-1]
    high_B = np.minimum.accumulate(posterior_BK[half:, 0])[1:]
    first_B = np.concatenate([low_B, high_B])
    left_B1 = posterior_BK[:, 1:].sum(axis=1, keepdims=True)
    even = 1 / max(posterior_BK.shape[1] - 1, 1)
    others_BK = np.where(left_B1 > 0, posterior_BK[:, 1:] / np.maximum(left_B1, 1e-300), even)
    return np.column_stack([first_B, others_BK * (1 - first_B)[:, None]])


def _believed(
    count_B: Floats, weight_K: Floats, mean_K: Floats, spread_K: Floats
) -> tuple[Floats, float]:
    """(B, K), and the log-likelihood."""
    log_BK = log_densities(mean_K, spread_K) + np.log(np.maximum(weight_K, 1e-12))
    most_B1 = log_BK.max(axis=1, keepdims=True)
    part_BK = np.exp(log_BK - most_B1)
    whole_B1 = part_BK.sum(axis=1, keepdims=True)
    return part_BK / whole_B1, float(count_B @ (most_B1 + np.log(whole_B1))[:, 0])


def _matched(count_B: Floats, posterior_BK: Floats) -> tuple[Floats, Floats, Floats]:
    held_BK = posterior_BK * count_B[:, None]
    held_K = np.maximum(held_BK.sum(axis=0), 1e-9)
    mean_K = np.clip(MIDDLE_B @ held_BK / held_K, 0.005, 0.995)
    away_BK = (MIDDLE_B[:, None] - mean_K) ** 2
    variance_K = np.maximum((held_BK * away_BK).sum(axis=0) / held_K, 1e-6)
    spread_K = np.clip(mean_K * (1 - mean_K) / variance_K - 1, *SPREAD)
    return held_K / held_K.sum(), mean_K, spread_K
