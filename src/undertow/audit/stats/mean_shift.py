"""How far a mean moved between two models: what was seen, and what was not.

Two questions are asked of units (examples, or clusters of them) that changed, and over clusters
they have two answers. Whether something was lost or gained is *seen*: it is tested by exchanging
the models' answers unit by unit, however few units there are (``unit_exchange``). How far the mean
may have moved in truth also depends on units unlike those seen, of which any may have gained or
lost everything (``bounded``); that no more than so much was lost has to hold for them too. Clusters
are few, so the second limits are wide: with them alone twelve points lost in 36 of 37 passages
would not be shown. Where no cluster changed, nothing was seen that could narrow them, and they are
the limits of the first question too. Independent examples are many, and one pair of limits serves
both questions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.stats.bounded import bounded_limits
from undertow.audit.stats.unit_exchange import exchange_limit, exchange_p
from undertow.audit.stats.unit_kinds import Units
from undertow.audit.stats.units import by_row

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


ROUNDING = 1e-6
"""Times its examples: a cluster's total up to which it is 0 but for the rounding of outcomes, which
are kept in single precision."""
LEAST = 0.01
"""Of an example: more than that is a change, however large the cluster."""


class MeanShift(NamedTuple):
    """Per row: the mean difference, its limits of coverage 1 − level together, two-sided p, limits
    that allow for units unlike those seen, never narrower, the standard error over units; NaN where
    a row has fewer than two units."""

    effect_G: Floats
    low_G: Floats
    high_G: Floats
    p_G: Floats
    unseen_low_G: Floats
    unseen_high_G: Floats
    error_G: Floats
    units_G: Floats


def mean_shift(
    membership_GN: sp.csr_array, change_N: Floats, level: float, cluster_N: Ints | None = None
) -> MeanShift:
    """The shift of each row's mean of ``change_N``, differences in [−1, 1]; arguments as in
    ``units.by_row``."""

    def solve(units: Units) -> tuple[Floats, ...]:
        units = _without_rounding(units)
        low_G, high_G, p_G = bounded_limits(units, level)
        last = units.error_G, units.count_G
        if cluster_N is None:
            return units.effect_G, low_G, high_G, p_G, low_G, high_G, *last
        return units.effect_G, *_over_clusters(units, level, low_G, high_G), *last

    return MeanShift(*by_row(membership_GN, change_N, cluster_N, solve, len(MeanShift._fields)))


def _without_rounding(units: Units) -> Units:
    """Units whose gains and losses make up for each other did not change."""
    least_GU = np.minimum(ROUNDING * units.size_GU, LEAST)
    nothing_GU = np.abs(units.total_GU) <= least_GU
    return units._replace(total_GU=np.where(nothing_GU, 0.0, units.total_GU))


def _over_clusters(
    units: Units, level: float, unseen_low_G: Floats, unseen_high_G: Floats
) -> tuple[Floats, ...]:
    low_G, high_G = (exchange_limit(*units, level, side) for side in (-1, 1))
    p_G = exchange_p(units.total_GU, units.alike_GU)
    least_G, most_G = np.minimum(low_G, unseen_low_G), np.maximum(high_G, unseen_high_G)
    # Where no cluster changed there is nothing to exchange, and any other mean would be rejected.
    none_G = ~(units.alike_GU * np.abs(units.total_GU)).any(axis=1)
    low_G, high_G = np.where(none_G, least_G, low_G), np.where(none_G, most_G, high_G)
    return low_G, high_G, p_G, least_G, most_G
