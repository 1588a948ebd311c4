"""How closely two quantities of examples go together, where classes differ in both: arrays in,
arrays out.

Cats are hard for networks and for people, so scores of both go together over a test set even if no
cat that is hard for the one is hard for the other. A statistic is therefore set beside its *null*,
in which the outcome is dealt anew among the examples of each class, and has an *interval*, from
examples drawn anew within each class.

A statistic is a function of how often each example was drawn and of whose outcome each one has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]
Statistic: TypeAlias = Callable[[Floats, Ints], float]
"""Of weights (N,) and of the example whose outcome each one has (N,)."""

DRAWS = 1000


class Interval(NamedTuple):
    """A statistic of all examples, with percentile limits."""

    value: float
    low: float
    high: float


class Null(NamedTuple):
    """What a statistic is where classes are all that goes together: mean, range, and in how many of
    all deals it is as large as the one seen, that one counted."""

    mean: float
    low: float
    high: float
    p: float


def rank_correlation(score_N: Floats, outcome_N: Floats) -> Statistic:
    """Spearman's ρ, tied values at their mean rank."""
    score, outcome = _Ranks(score_N), _Ranks(outcome_N)

    def statistic(weight_N: Floats, of_N: Ints) -> float:
        a_N, b_N = score.under(weight_N), outcome.under(weight_N, of_N)
        return _partial(_covariance(np.stack([a_N, b_N]), weight_N))

    return statistic


def partial_rank_correlation(
    score_N: Floats, outcome_N: Floats, given_KN: Floats, class_N: Ints
) -> Statistic:
    """Correlation of the ranks of both, over all examples, after what class and the ranks of K
    other quantities tell of each linearly is taken away."""
    score, outcome = _Ranks(score_N), _Ranks(outcome_N)
    given = [_Ranks(given_N) for given_N in given_KN]
    class_N = np.unique(class_N, return_inverse=True)[1]

    def statistic(weight_N: Floats, of_N: Ints) -> float:
        ranks = [score.under(weight_N), outcome.under(weight_N, of_N)]
        ranks += [each.under(weight_N) for each in given]
        within = [rank_N - _class_mean(rank_N, weight_N, class_N) for rank_N in ranks]
        return _partial(_covariance(np.stack(within), weight_N))

    return statistic


def area(score_N: Floats, high_N: Bools) -> Statistic:
    """Area under the ROC curve: how often a score is larger for an example whose outcome is high
    than for one whose is not, ties as half."""
    score = _Ranks(score_N)

    def statistic(weight_N: Floats, of_N: Ints) -> float:
        low_N = weight_N * ~high_N[of_N]
        below_N, high_weight_N = score.under(low_N), weight_N * high_N[of_N]
        pairs = high_weight_N.sum() * low_N.sum()
        return float(high_weight_N @ below_N / pairs) if pairs else float("nan")

    return statistic


def excess(chosen_N: Bools, outcome_N: Floats, stratum_N: Ints) -> Statistic:
    """Mean outcome of the chosen less that of the others of their stratum, strata by how many are
    chosen there; those that have only chosen ones, or none, are left out."""
    stratum_N = np.unique(stratum_N, return_inverse=True)[1]
    strata = int(stratum_N.max(initial=-1)) + 1

    def statistic(weight_N: Floats, of_N: Ints) -> float:
        mean_SG, count_SG = [], []
        for in_N in (weight_N * chosen_N, weight_N * ~chosen_N):
            count_G = np.bincount(stratum_N, in_N, minlength=strata)
            total_G = np.bincount(stratum_N, in_N * outcome_N[of_N], minlength=strata)
            mean_SG.append(total_G / np.maximum(count_G, 1))
            count_SG.append(count_G)
        share_G = count_SG[0] * (count_SG[1] > 0)
        total = share_G.sum()
        return float(share_G @ (mean_SG[0] - mean_SG[1]) / total) if total else float("nan")

    return statistic


def difference(first: Statistic, second: Statistic) -> Statistic:
    """First less second, of the same examples."""
    return lambda weight_N, of_N: first(weight_N, of_N) - second(weight_N, of_N)


def interval(
    statistic: Statistic, class_N: Ints, *, draws: int = DRAWS, seed: int = 0, level: float = 0.95
) -> Interval:
    """The statistic, and the percentile interval where examples are drawn anew within each
    class. NaN where it is not defined; draws in which it is not are left out."""
    if not len(class_N):
        return Interval(*[float("nan")] * 3)
    own_N = np.arange(len(class_N))
    drawn = [statistic(weight_N, own_N) for weight_N in _drawn(class_N, draws, seed)]
    return Interval(statistic(np.ones(len(class_N)), own_N), *_range(np.array(drawn), level))


def null(
    statistic: Statistic, class_N: Ints, *, draws: int = DRAWS, seed: int = 0, level: float = 0.95
) -> Null:
    """What the statistic is where outcomes are dealt anew within each class."""
    if not len(class_N):
        return Null(*[float("nan")] * 4)
    one_N, own_N = np.ones(len(class_N)), np.arange(len(class_N))
    seen = statistic(one_N, own_N)
    dealt = np.array([statistic(one_N, of_N) for of_N in _dealt(class_N, draws, seed)])
    # rounding must not decide between equal values
    reached = int((dealt >= seen - 1e-12).sum())
    p = (1 + reached) / (1 + draws) if np.isfinite(seen) else float("nan")
    return Null(float(dealt.mean()), *_range(dealt, level), p)


class _Ranks:
    """Mid-ranks of values among themselves, each counted as often as a weight says."""

    def __init__(self, value_N: Floats) -> None:
        self.group_N = np.unique(value_N, return_inverse=True)[1]

    def under(self, weight_N: Floats, of_N: Ints | None = None) -> Floats:
        """(N,): how much weight lies below each value, and half of that at it. With ``of_N`` each
        example has another one's value."""
        group_N = self.group_N if of_N is None else self.group_N[of_N]
        count_G = np.bincount(group_N, weight_N)
        rank_N: Floats = (np.cumsum(count_G) - count_G / 2)[group_N]
        return rank_N


def _class_mean(value_N: Floats, weight_N: Floats, class_N: Ints) -> Floats:
    total_C = np.bincount(class_N, weight_N * value_N)
    mean_N: Floats = (total_C / np.maximum(np.bincount(class_N, weight_N), 1))[class_N]
    return mean_N


def _covariance(value_KN: Floats, weight_N: Floats) -> Floats:
    centred_KN = value_KN - (value_KN @ weight_N / weight_N.sum())[:, None]
    covariance_KK: Floats = (centred_KN * weight_N) @ centred_KN.T
    return covariance_KK


def _partial(covariance_KK: Floats) -> float:
    """Correlation of the first two, given the others; NaN where one does not vary beyond them."""
    rest_KK = covariance_KK[:2, :2]
    if len(covariance_KK) > 2:
        across = covariance_KK[:2, 2:]
        rest_KK = rest_KK - across @ np.linalg.pinv(covariance_KK[2:, 2:]) @ across.T
    varies = np.diag(rest_KK) > 1e-9 * np.diag(covariance_KK)[:2]
    if not varies.all():
        return float("nan")
    return float(rest_KK[0, 1] / np.sqrt(rest_KK[0, 0] * rest_KK[1, 1]))


def _in_classes(class_N: Ints) -> list[Ints]:
    return [np.flatnonzero(class_N == label) for label in np.unique(class_N)]


def _drawn(class_N: Ints, draws: int, seed: int) -> Iterator[Floats]:
    """Weights: how often each example is drawn, as many of each class as it has."""
    generator, members = np.random.default_rng(seed), _in_classes(class_N)
    for _ in range(draws):
        rows = [
            of_class[generator.integers(0, len(of_class), len(of_class))] for of_class in members
        ]
        yield np.bincount(np.concatenate(rows), minlength=len(class_N)).astype(np.float64)


def _dealt(class_N: Ints, draws: int, seed: int) -> Iterator[Ints]:
    """Whose outcome each example has: that of one of its class."""
    generator, members = np.random.default_rng(seed), _in_classes(class_N)
    for _ in range(draws):
        of_N = np.empty(len(class_N), dtype=np.int64)
        for of_class in members:
            of_N[of_class] = generator.permutation(of_class)
        yield of_N


def _range(value_D: Floats, level: float) -> tuple[float, float]:
    known_D = value_D[np.isfinite(value_D)]
    if not len(known_D):
        return float("nan"), float("nan")
    low, high = np.quantile(known_D, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
