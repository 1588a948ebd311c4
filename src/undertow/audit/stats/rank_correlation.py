"""How closely quantities go together by rank: which of two more closely with a third, over groups
of members, and two over examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class CorrelationDifference:
    """|τ| of the first and of the second quantity with the outcome, and of their difference the
    interval of a bootstrap over groups."""

    first: float
    second: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.first - self.second


def correlation_difference(
    first_X: Floats,
    second_X: Floats,
    outcome_X: Floats,
    group_X: NDArray[np.integer[Any]],
    *,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> CorrelationDifference:
    """Kendall's τ-b (absolute) of each with the outcome over X members, and the percentile interval
    of their difference where whole groups are drawn anew: members of one configuration are no
    independent evidence about what holds across configurations.

    Rows with a value that is not finite are left out. NaN where a quantity does not vary.
    ``ValueError`` for fewer than two groups.
    """
    known_X = np.isfinite(first_X) & np.isfinite(second_X) & np.isfinite(outcome_X)
    values = np.stack([first_X, second_X, outcome_X])[:, known_X]
    members = [np.flatnonzero(group_X[known_X] == group) for group in np.unique(group_X[known_X])]
    if len(members) < 2:
        raise ValueError(f"{len(members)} group with finite values; at least 2 are needed")
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws):
        chosen = generator.integers(0, len(members), len(members))
        first, second = _both(values[:, np.concatenate([members[g] for g in chosen])])
        drawn.append(first - second)
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return CorrelationDifference(*_both(values), float(low), float(high))


def _both(values: Floats) -> tuple[float, float]:
    first_X, second_X, outcome_X = values
    return _tau(first_X, outcome_X), _tau(second_X, outcome_X)


def _tau(a_X: Floats, b_X: Floats) -> float:
    from scipy.stats import kendalltau  # Here, as it takes a third of the time to start.

    return abs(float(kendalltau(a_X, b_X).statistic))


def spearman(a_N: Floats, b_N: Floats) -> tuple[float, int]:
    """Spearman's ρ over the examples that have both values, ties by midranks, and how many these
    are. NaN where fewer than two have, or one does not vary."""
    from scipy.stats import rankdata  # Here, as in _tau.

    known_N = ~(np.isnan(a_N) | np.isnan(b_N))
    n = int(known_N.sum())
    ranks_2N = np.stack([rankdata(value_N[known_N]) for value_N in (a_N, b_N)])
    if n < 2 or (np.ptp(ranks_2N, axis=1) == 0).any():
        return float("nan"), n
    about_2N = ranks_2N - (n + 1) / 2
    norms = np.sqrt((about_2N**2).sum(axis=1))
    return float(np.clip((about_2N[0] * about_2N[1]).sum() / norms.prod(), -1, 1)), n
