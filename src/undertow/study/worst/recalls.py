"""Recall of each class and member, the lowest of them, and both on test examples drawn anew.

The lowest of many noisy recalls lies below the lowest true one: with a true recall of .74 in all
of 100 classes and 50 examples in each, the lowest is expected to be .578 ± .030; with .93, ten
classes and 500 examples .912 (1.10 of the notes on 2206.06479). A class that is chosen on one half
of the examples and measured on the other errs the other way, as a class that is not the lowest may
be chosen. So the truth lies between the two.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Right = NDArray[Any]

SPLITS = 40
"""Halvings that a cross-fitted value is averaged over."""


def recalls(right_MN: Right, label_N: Ints, classes: int) -> Floats:
    """The share of each class's examples that each member gets right (M, C), in [0, 1].
    ``ValueError`` for a class without examples: the lowest recall is then unknown."""
    count_C = _counts(label_N, classes)
    inside_NC = label_N[:, None] == np.arange(classes)
    return np.asarray(np.asarray(right_MN, np.float64) @ inside_NC / count_C)


def lowest(recall_XC: Floats, k: int = 1) -> Floats:
    """The mean of the k lowest recalls over the last axis: worst-class accuracy for 1, worst-k for
    more. ``ValueError`` where there are not so many classes."""
    _check(k, recall_XC.shape[-1])
    return np.asarray(np.partition(recall_XC, k - 1, axis=-1)[..., :k].mean(axis=-1))


def redrawn(right_MN: Right, label_N: Ints, classes: int, draws: int, seed: int) -> Floats:
    """Recalls on examples that are drawn anew within each class (D, M, C). One seed and one
    ``label_N`` give one set of draws, whoever answered: arms meet the same examples."""
    rng = np.random.default_rng(seed)
    found = np.empty((draws, len(right_MN), classes))
    for c, count in enumerate(_counts(label_N, classes)):
        times_DN = rng.multinomial(count, np.full(count, 1 / count), size=draws)
        found[:, :, c] = times_DN @ np.asarray(right_MN[:, label_N == c], np.float64).T / count
    return found


class CrossFitted(NamedTuple):
    """Of each member the mean recall of the classes that were chosen on other examples (M), and how
    large a part each class had in it (M, C; of a member they sum to 1)."""

    value_M: Floats
    part_MC: Floats


def cross_fitted(
    right_MN: Right, label_N: Ints, classes: int, k: int = 1, splits: int = SPLITS, seed: int = 0
) -> CrossFitted:
    """The recall of each member's k lowest classes, chosen on one random half of each class's
    examples and measured on the other, both ways, over ``splits`` halvings. In expectation at least
    the member's true worst-k. ``ValueError`` for a class with fewer than two examples."""
    _check(k, classes)
    halves = _halves(right_MN, label_N, classes, splits, seed)
    value_M, part_MC = np.zeros(len(right_MN)), np.zeros((len(right_MN), classes))
    for choosing_SMC, measuring_SMC in (halves, halves[::-1]):
        chosen_SMK = np.argsort(choosing_SMC, axis=-1, kind="stable")[..., :k]
        value_M += np.take_along_axis(measuring_SMC, chosen_SMK, axis=-1).mean(axis=(0, 2)) / 2
        taken_SMC = np.zeros_like(choosing_SMC)
        np.put_along_axis(taken_SMC, chosen_SMK, 1 / k, axis=-1)
        part_MC += taken_SMC.mean(axis=0) / 2
    return CrossFitted(value_M, part_MC)


def _halves(
    right_MN: Right, label_N: Ints, classes: int, splits: int, seed: int
) -> tuple[Floats, Floats]:
    """Recalls on either half, of every split (S, M, C)."""
    count_C = _counts(label_N, classes)
    if (count_C < 2).any():
        single = int(np.flatnonzero(count_C < 2)[0])
        raise ValueError(f"class {single} of {classes} has one example; two halves need two")
    rng = np.random.default_rng(seed)
    first = np.empty((splits, len(right_MN), classes))
    second = np.empty_like(first)
    for c, count in enumerate(count_C):
        right_MK = np.asarray(right_MN[:, label_N == c], np.float64)
        in_SK = rng.permuted(np.tile(np.arange(count) < count // 2, (splits, 1)), axis=1)
        found_SM = in_SK @ right_MK.T
        first[:, :, c] = found_SM / (count // 2)
        second[:, :, c] = (right_MK.sum(axis=1) - found_SM) / (count - count // 2)
    return first, second


def _counts(label_N: Ints, classes: int) -> Ints:
    count_C = np.bincount(label_N, minlength=classes)
    if (count_C == 0).any():
        empty = int(np.flatnonzero(count_C == 0)[0])
        raise ValueError(
            f"class {empty} of {classes} has no example; its recall, and so the lowest, is unknown"
        )
    return count_C


def _check(k: int, classes: int) -> None:
    if not 1 <= k <= classes:
        raise ValueError(f"worst-{k} of {classes} classes; k is from 1 to their number")
