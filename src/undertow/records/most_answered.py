"""What each label is most often answered as, and how sure that is.

A model that is at all good answers every label as that label more often than as any other; so the
answers tell which class is which, and whether names of classes were exchanged.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, gammaln

FAR, FARTHER = 2, 3
"""Times as often as any other answer that a label has to be given one, before that is its own; and
as often as its own, before another is. Some labels are taken for others."""
CHANCE = 1e-6
"""What the chance may be at most that answers which follow no such order look as if they did."""
EACH = 1e-2
"""The same for each class alone, so that none goes by a few answers that went wrong."""
PAIRS = 1e-2
"""What the chance may be at most, over all pairs of labels, that answers which do not tell two of
them apart look as if these were exchanged. That is a bound for a model which knows nothing of the
two; of 57,965 simulated honest models (3 to 100 classes, 50 to 10,000 examples, 30 to 99 % right,
errors spread evenly, on some classes, on the likeliest or on one neighbour) 7 are said to have a
pair."""

Counts = NDArray[np.int64]


class MostAnswered(NamedTuple):
    """Of each of the L labels that have answers: what it is most often answered as, how often that
    is, how often the second most often, how often the label itself, and how often anything."""

    label_L: Counts
    answer_L: Counts
    times_L: Counts
    next_L: Counts
    right_L: Counts
    all_L: Counts


def most_answered(label_N: NDArray[np.integer], pred_N: NDArray[np.integer]) -> MostAnswered:
    """Of labels and answers as numbers from 0; negative ones are none."""
    known_N = (label_N >= 0) & (pred_N >= 0)
    pairs = np.stack([label_N[known_N], pred_N[known_N]], axis=1).astype(np.int64)
    cell, times = np.unique(pairs, axis=0, return_counts=True)
    # By label; of one label the most frequent first, and of these the label itself.
    order = np.lexsort((cell[:, 0] != cell[:, 1], -times, cell[:, 0]))
    (label, answer), times = cell[order].T, times[order]
    first = np.flatnonzero(np.diff(label, prepend=-1))
    of_label = np.searchsorted(label[first], label)
    second = np.append(times, 0)[np.minimum(first + 1, len(times))]
    alone = np.bincount(of_label, minlength=len(first)) < 2
    right, every = (
        np.bincount(of_label, weights=weights, minlength=len(first)).astype(np.int64)
        for weights in (np.where(label == answer, times, 0), times)
    )
    return MostAnswered(
        label[first], answer[first], times[first], np.where(alone, 0, second), right, every
    )


def tells_order(most: MostAnswered, count: int) -> bool:
    """Whether each of ``count`` labels has an answer of its own, far more often than any other.

    Each row of answers is drawn apart, and no order is wrong in one place alone: so the chance
    that it is wrong anywhere is that of two wrong rows (p of a sign test of the two most frequent
    answers, which holds whichever these turn out to be).
    """
    if len(most.label_L) != count or len({*most.answer_L.tolist()}) != count:
        return False
    if (most.times_L < FAR * most.next_L).any():
        return False
    wrong = float(_by_chance(most.times_L, most.next_L).sum())
    return wrong**2 / 2 <= CHANCE


def exchanged(most: MostAnswered) -> list[list[int]]:
    """Rings of labels of which each is answered as the next one far more often than as itself or as
    any other, as places in ``most``: a model that takes one for the other seldom takes the other
    for the one as well. The chance counts all rings of as many labels that there are. Two labels
    may have few examples."""
    place = {int(label): i for i, label in enumerate(most.label_L)}
    by_chance_L = _by_chance(most.times_L, most.right_L)
    far_L = (most.times_L >= FARTHER * most.right_L) & (most.answer_L != most.label_L)
    far_L &= (most.times_L >= FAR * most.next_L) & (by_chance_L <= EACH)
    onward = {
        int(i): place[int(most.answer_L[i])]
        for i in np.flatnonzero(far_L)
        if int(most.answer_L[i]) in place
    }
    chance_L, labels = np.log(by_chance_L), len(place)
    found = []
    for ring in _rings(onward):
        rings = gammaln(labels + 1) - gammaln(labels - len(ring) + 1) - np.log(len(ring))
        if chance_L[ring].sum() + rings <= np.log(CHANCE):
            found.append(ring)
    taken = {i for ring in found for i in ring}
    return [*found, *(pair for pair in _pairs(most, place) if taken.isdisjoint(pair))]


def _pairs(most: MostAnswered, place: dict[int, int]) -> list[list[int]]:
    """Pairs of labels each of which is most often answered as the other, together far more often
    than as themselves. Their examples are tested together, so few of them are enough (Fisher's
    exact test, which holds however often a model gives either answer)."""
    labels, found = len(place), []
    for i, label in enumerate(most.label_L):
        j = place.get(int(most.answer_L[i]), i)
        if j <= i or most.answer_L[j] != label:
            continue
        crossed, right = (most.times_L[i], most.times_L[j]), (most.right_L[i], most.right_L[j])
        if sum(crossed) < FARTHER * sum(right):
            continue
        if math.comb(labels, 2) * _apart_by_chance(crossed, right) <= PAIRS:
            found.append([i, j])
    return found


def _apart_by_chance(crossed: tuple[int, int], right: tuple[int, int]) -> float:
    """The chance that so few of two labels are answered right where answers do not depend on the
    label; how many have each label, and are answered as each, is given."""
    first, second = right[0] + crossed[0], right[1] + crossed[1]
    answered = right[0] + crossed[1]
    right_K = np.arange(max(0, answered - second), right[0] + 1)
    ways_K = _log_ways(first, right_K) + _log_ways(second, answered - right_K)
    return float(np.exp(ways_K - _log_ways(first + second, answered)).sum())


def _log_ways(of: ArrayLike, some: ArrayLike) -> NDArray[np.float64]:
    of, some = np.asarray(of), np.asarray(some)
    ways = gammaln(of + 1) - gammaln(some + 1) - gammaln(of - some + 1)
    return np.asarray(ways, dtype=np.float64)


def _by_chance(times_L: Counts, other_L: Counts) -> NDArray[np.float64]:
    """Of two answers that are as frequent, the chance that they are seen as far apart; above 0, so
    that it has a logarithm."""
    both = np.minimum(1.0, 2 * bdtr(other_L, times_L + other_L, 0.5))
    return np.maximum(np.where(times_L > other_L, both, 1.0), 1e-300)


def _rings(onward: dict[int, int]) -> list[list[int]]:
    """The rings of a map in which each thing leads to at most one."""
    found, seen = [], set[int]()
    for start in onward:
        path: list[int] = []
        at: int | None = start
        while at is not None and at not in seen:
            seen.add(at)
            path.append(at)
            at = onward.get(at)
        if at in path:
            found.append(path[path.index(at) :])
    return found
