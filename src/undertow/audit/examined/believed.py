"""What a mixture may be believed to say: which window of epochs tells kinds apart best, whether
there is a group of wrong labels at all, how many they are, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.examined.mixture import BINS, Mixture, counts_of, fitted
from undertow.audit.stats.share_limits import exact_limits

Floats = NDArray[np.floating[Any]]

LISTED = 0.5
"""What is believed of an example from which it is called by a kind."""
STANDS_LOW = 1 / 3
"""A group whose labels stand better than this on average is no group of wrong labels."""
MOST = 1 / 2
"""A group of more than this share of the examples is no group of wrong labels."""
MISSED = 1.25
"""How many times what a mixture believes there may be: it knows those alone that look wrong. The
most in worlds that were looked at (benchmarks/examine.py, seed 1)."""
TELLING = 0.7
"""The least expected F1 of the list: below, wrong labels are not told from rare examples."""
DRAWS = 100
SEED = 20_261_130


@dataclass(frozen=True)
class Range:
    """A value with its limits."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Believed:
    """Of the examples that are fitted: the believed share of wrong labels, and what is expected of
    the list of those that are believed wrong with ``LISTED`` or more. ``posterior_BK`` is (B, 3):
    mislabelled, atypical, typical."""

    share: Range
    precision: Range
    recall: Range
    posterior_BK: Floats


def tells(mixture: Mixture, count_B: Floats) -> bool:
    """Whether the first component is a group of wrong labels that a list can be made of. Where it
    is most examples, members know little, or what labels mean."""
    return bool(
        mixture.mean_K[0] <= STANDS_LOW
        and mixture.posterior_BK[:, 0] @ count_B <= MOST * count_B.sum()
        and separation_of(mixture.posterior_BK, count_B) >= TELLING
    )


def separation_of(posterior_BK: Floats, count_B: Floats) -> float:
    """The expected F1 of the list of those believed wrong, 0 where it would be empty."""
    listed_B = posterior_BK[:, 0] > LISTED
    hits, listed = _held(posterior_BK[:, 0], count_B, listed_B), float(count_B[listed_B].sum())
    wrong = float(posterior_BK[:, 0] @ count_B)
    return 2 * hits / (listed + wrong) if listed else 0.0


def best_window(standing_EN: Sequence[Floats]) -> tuple[int, Mixture | None]:
    """Which of these windows' standings tell best, and the mixture; with three components, or four
    where few wrong labels would be lost in a wide component of rare examples. Where none tells,
    the last window and no mixture."""
    for kinds in (3, 4):
        found = []
        for at, standing_N in enumerate(standing_EN):
            count_B = counts_of(standing_N)
            mixture = fitted(count_B, kinds)
            if tells(mixture, count_B):
                found.append((separation_of(mixture.posterior_BK, count_B), -at, mixture))
        if found:
            _, at, mixture = max(found, key=lambda one: one[:2])
            return -at, mixture
    return len(standing_EN) - 1, None


def believed(standing_N: Floats, mixture: Mixture) -> Believed:
    """By the mixture alone. Upper limits hold chance in which examples there are, and what a
    mixture of one component more or less believes: two shapes of the same distribution. The share
    may be ``MISSED`` times as large, and as large as the exact limit of so many examples. All lower
    limits are 0: right labels of classes that overlap look as wrong ones do, and no shape tells
    them apart. Precision has no limits."""
    count_B = counts_of(standing_N)
    kinds = len(mixture.mean_K)
    shapes = [mixture]
    other = fitted(count_B, 3 if kinds == 4 else 4)
    if tells(other, count_B):
        shapes.append(other)
    listed_B = mixture.posterior_BK[:, 0] > LISTED
    drawn = [
        _of_list(fitted(drawn_B, len(shape.mean_K), start=shape), drawn_B, listed_B)
        for shape in shapes
        for drawn_B in _redrawn(count_B)
    ]
    value = _of_list(mixture, count_B, listed_B)
    share, recall = (range_of(value[k], [each[k] for each in drawn]) for k in (0, 2))
    high = max(share.high, MISSED * share.value, exact_high(share.value, float(count_B.sum())))
    share = Range(share.value, 0.0, min(high, 1.0))
    recall = Range(recall.value, 0.0, recall.high)
    return Believed(share, any_of(value[1]), recall, three_kinds(mixture.posterior_BK))


def three_kinds(posterior_BK: Floats) -> Floats:
    """(B, 3): a component more between the first and the last is one of atypical examples."""
    middle_B = posterior_BK[:, 1:-1].sum(axis=1)
    return np.column_stack([posterior_BK[:, 0], middle_B, posterior_BK[:, -1]])


def without_wrong(standing_N: Floats) -> Floats:
    """(B, 3): what two kinds alone believe, where no group of wrong labels is told."""
    two_BK = fitted(counts_of(standing_N), 2).posterior_BK
    return np.column_stack([np.zeros(BINS), two_BK])


def _of_list(mixture: Mixture, count_B: Floats, listed_B: NDArray[np.bool_]) -> tuple[float, ...]:
    """Believed share; precision and recall of the list."""
    wrong_B = mixture.posterior_BK[:, 0]
    hits, wrong = _held(wrong_B, count_B, listed_B), float(wrong_B @ count_B)
    listed = float(count_B[listed_B].sum())
    return wrong / float(count_B.sum()), hits / max(listed, 1.0), hits / max(wrong, 1e-9)


def _held(posterior_B: Floats, count_B: Floats, listed_B: NDArray[np.bool_]) -> float:
    return float((posterior_B * count_B)[listed_B].sum())


def _redrawn(count_B: Floats, draws: int = DRAWS // 2) -> list[Floats]:
    generator, total = np.random.default_rng(SEED), int(count_B.sum())
    drawn_DB = generator.multinomial(total, count_B / total, size=draws)
    return [drawn_B.astype(np.float64) for drawn_B in drawn_DB]


def any_of(precision: float) -> Range:
    """What is expected of a list, with no limit: where classes overlap all that look wrong may be
    right, and a mixture that fits badly believes less of a list than is wrong of it."""
    return Range(precision, 0.0, 1.0) if np.isfinite(precision) else Range(np.nan, np.nan, np.nan)


def exact_high(share: float, of: float) -> float:
    """Clopper and Pearson's upper limit of a share of so many examples, 97.5 % on one side. What is
    drawn from examples of which none is wrong has none either, and says nothing of those unseen."""
    return float(exact_limits(np.array([share]), np.array([of]), 0.025).high_G[0])


def range_of(value: float, drawn: Sequence[float]) -> Range:
    """With the middle 95 % of what was drawn, and never without the value."""
    low, high = (float(x) for x in np.quantile(drawn, [0.025, 0.975]))
    return Range(value, min(value, low), max(value, high))
