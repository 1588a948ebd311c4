"""Spearman's ρ over few units with limits and the p of an exchange."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from undertow.audit.stats.rank_correlation import spearman

Floats = NDArray[np.floating[Any]]

EXACT = 7
"""Units up to which all orders are taken."""
DRAWS = 5000
CLOSE = 1e-12


class RankCorrelation(NamedTuple):
    """ρ, its limits, the two-sided p of no association, and of how many units; NaN limits for fewer
    than four, all NaN where a side does not vary."""

    rho: float
    low: float
    high: float
    p: float
    units: int


def rank_correlation(
    a_U: Floats, b_U: Floats, *, level: float = 0.05, seed: int = 0, spent: int = 0
) -> RankCorrelation:
    """Of two values of each unit. Limits by Fisher's z with the variance (1 + ρ²/2) / (n − 3)
    (Bonett & Wright 2000): a bootstrap of half a dozen ranks has few distinct draws, most of them
    with ties. p: how often an exchange of one side has a ρ as far from 0, over all of them or
    ``DRAWS`` drawn ones and the observed one. ``spent`` is how many units' worth was taken off
    before: of values less the means of three groups 2. Limits then rest on so many fewer; p knows
    nothing of it."""
    rho, n = spearman(a_U, b_U)
    if math.isnan(rho):
        return RankCorrelation(rho, rho, rho, rho, n)
    known_U = ~(np.isnan(a_U) | np.isnan(b_U))
    p = _exchanged(a_U[known_U], b_U[known_U], rho, seed)
    if n < 4 + spent:
        return RankCorrelation(rho, math.nan, math.nan, p, n)
    # ±1 is taken half a step inwards, where z is finite: a swap of two neighbours is one step
    most = 1 - 6 / (n * (n**2 - 1))
    inwards = min(max(rho, -most), most)
    half = -float(ndtri(level / 2)) * math.sqrt((1 + inwards**2 / 2) / (n - 3 - spent))
    low, high = (math.tanh(math.atanh(inwards) + side * half) for side in (-1, 1))
    return RankCorrelation(rho, min(low, rho), max(high, rho), p, n)


def _exchanged(a_U: Floats, b_U: Floats, rho: float, seed: int) -> float:
    from scipy.stats import rankdata  # Here, as it takes a third of the time to start.

    a_U, b_U = rankdata(a_U), rankdata(b_U)
    units = len(a_U)
    if units <= EXACT:
        order_DU = np.array(list(permutations(range(units))))
    else:
        rng = np.random.default_rng(seed)
        order_DU = rng.permuted(np.tile(np.arange(units), (DRAWS, 1)), axis=1)
    about_U, other_U = a_U - a_U.mean(), b_U - b_U.mean()
    rho_D = about_U[order_DU] @ other_U / np.sqrt((about_U @ about_U) * (other_U @ other_U))
    as_far = np.abs(rho_D) >= abs(rho) - CLOSE
    return float(as_far.mean() if units <= EXACT else (1 + as_far.sum()) / (DRAWS + 1))
