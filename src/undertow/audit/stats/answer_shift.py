"""One side against the other, class by class: how often a class is answered, and how often that
answer is right.

Several runs of a side are averaged, as for every measure of the models at hand. A share of answers
is a paired difference: every example is answered by both sides, so of one run a side exact McNemar
and Tango's interval hold as they do for right and wrong. A precision is not: its examples are those
that a side answered with the class, which are others on the other side. Its variance is that of the
difference's influence on each example, in which an example that both sides answered with the class
counts once; two answers are added to each side, a right and a wrong one (Agresti & Caffo 2000),
without which a class answered three times has an interval of no width.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from undertow.audit.stats.mcnemar import mcnemar_exact, paired_interval
from undertow.audit.stats.multiplicity import bonferroni

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

HALVINGS = 50


class AnswerShift(NamedTuple):
    """Per class: the value before and after, their difference with its limits and standard error, p
    plain and by Bonferroni, and by how much either limit lies further if it allows for clusters
    unlike those seen (0 where examples are independent)."""

    before_C: Floats
    after_C: Floats
    effect_C: Floats
    low_C: Floats
    high_C: Floats
    se_C: Floats
    p_C: Floats
    adjusted_C: Floats
    unseen_C: Floats


class _Answers(NamedTuple):
    """One side's answers in all runs: which example, which class, and whether it was right (0 or
    1)."""

    example: Ints
    answer: Ints
    right: Floats


def share_shift(
    before_RN: Ints, after_RN: Ints, classes: int, level: float, cluster_N: Ints | None
) -> AnswerShift:
    """Shares of answers; examples that a run of either side left unanswered (negative) are left
    out. Coverage of each class is 1 − ``level``."""
    known_N = np.asarray((before_RN >= 0).all(axis=0) & (after_RN >= 0).all(axis=0))
    n = int(known_N.sum())
    if n == 0:
        return AnswerShift(*np.full((len(AnswerShift._fields), classes), np.nan))
    before_C, after_C = (
        np.bincount(side_RN[:, known_N].ravel(), minlength=classes) / (n * len(side_RN))
        for side_RN in (before_RN, after_RN)
    )
    effect_C = after_C - before_C
    single = len(before_RN) == len(after_RN) == 1
    exact = _exact(before_RN[0, known_N], after_RN[0, known_N], classes, level) if single else None
    if exact is not None and cluster_N is None:
        low_C, high_C, p_C = exact
        se_C = (high_C - low_C) / 2 / -ndtri(level / 2)
        limits = low_C, high_C, se_C, p_C, bonferroni(p_C), np.zeros(classes)
        return AnswerShift(before_C, after_C, effect_C, *limits)
    se_C, freedom = _spread(before_RN, after_RN, known_N, effect_C, cluster_N)
    half_C, p_C = (
        -stdtrit(freedom, level / 2) * se_C,
        2 * stdtr(freedom, -np.abs(effect_C) / se_C),
    )
    low_C, high_C = np.maximum(effect_C - half_C, -1.0), np.minimum(effect_C + half_C, 1.0)
    if exact is not None:
        low_C, high_C, p_C = (
            np.minimum(low_C, exact[0]),
            np.maximum(high_C, exact[1]),
            np.maximum(p_C, exact[2]),
        )
    unseen_C = np.full(classes, _unseen(np.array(freedom + 1), cluster_N, known_N, level))
    return AnswerShift(
        before_C, after_C, effect_C, low_C, high_C, se_C, p_C, bonferroni(p_C), unseen_C
    )


def _unseen(
    clusters: NDArray[Any], cluster_N: Ints | None, known_N: NDArray[np.bool_], level: float
) -> Floats:
    """How far a share can be moved by clusters of a kind that ``clusters`` draws are not sure to
    show: so rare that they miss it with chance ``level`` / 2, as large as a cluster that a random
    part of the sizes' squares is in (as in ``bounded``), and changed as a whole."""
    if cluster_N is None:
        return np.zeros(np.shape(clusters))
    size_K = np.bincount(cluster_N[known_N])
    size_K = size_K[size_K > 0].astype(np.float64)
    large = (size_K**3).sum() / (size_K**2).sum() / size_K.mean()
    return np.asarray(np.minimum(1.0, large * (1 - (level / 2) ** (1 / np.maximum(clusters, 1)))))


def _spread(
    before_RN: Ints,
    after_RN: Ints,
    known_N: NDArray[np.bool_],
    effect_C: Floats,
    cluster_N: Ints | None,
) -> tuple[Floats, int]:
    """Standard errors of shares from the totals of examples or clusters, and their degrees of
    freedom. Nobody's share is known better than to half an example."""
    group_N = np.arange(len(known_N)) if cluster_N is None else cluster_N
    size_K = np.bincount(group_N[known_N]).astype(np.float64)
    total_CK = _totals(before_RN, after_RN, known_N, group_N, len(effect_C), len(size_K))
    square_C = (
        _squares(total_CK) - 2 * effect_C * (total_CK @ size_K) + effect_C**2 * (size_K**2).sum()
    )
    groups = int((size_K > 0).sum())
    freedom = max(groups - 1, 1)
    return np.maximum(
        np.sqrt(np.maximum(square_C, 0) * groups / freedom), 0.5
    ) / known_N.sum(), freedom


def precision_shift(
    before_RN: Ints,
    after_RN: Ints,
    label_N: Ints,
    classes: int,
    level: float,
    cluster_N: Ints | None,
) -> AnswerShift:
    """Precisions over examples that have a label; NaN where a side never answers the class."""
    group_N = np.arange(len(label_N)) if cluster_N is None else cluster_N
    sides = [_Side(side_RN, label_N, classes) for side_RN in (before_RN, after_RN)]
    square_C = sum(
        (((1 - s.middle_C) ** 2 + s.middle_C**2) / (s.n_C + 2) ** 2 for s in sides),
        np.zeros(classes),
    )
    answer = np.concatenate([s.given.answer for s in sides])
    weight = np.concatenate([-sides[0].influence, sides[1].influence])
    group = group_N[np.concatenate([s.given.example for s in sides])]
    total_CK = sp.csr_array(
        (weight, (answer, group)), shape=(classes, int(group_N.max(initial=0)) + 1)
    )
    se_C = np.sqrt(square_C + _squares(total_CK))
    centre_C = sides[1].middle_C - sides[0].middle_C
    freedom = np.inf if cluster_N is None else max(len(np.unique(cluster_N)) - 1, 1)
    p_C, half_C = (
        2 * stdtr(freedom, -np.abs(centre_C) / se_C),
        -stdtrit(freedom, level / 2) * se_C,
    )
    before_C, after_C = (s.value_C for s in sides)
    gone_C = np.isnan(before_C + after_C)
    p_C, se_C, low_C, high_C = (
        np.where(gone_C, np.nan, a) for a in (p_C, se_C, centre_C - half_C, centre_C + half_C)
    )
    low_C, high_C = np.maximum(low_C, -1.0), np.minimum(high_C, 1.0)
    answered_CK = sp.csr_array((np.ones(len(answer)), (answer, group)), shape=total_CK.shape)
    clusters_C = np.diff(answered_CK.indptr)
    unseen_C = _unseen(clusters_C, cluster_N, label_N >= 0, level)
    return AnswerShift(
        before_C, after_C, after_C - before_C, low_C, high_C, se_C, p_C, bonferroni(p_C), unseen_C
    )


def with_members(
    examples: AnswerShift, value_ref_CM: Floats, value_var_CM: Floats, level: float, paired: bool
) -> AnswerShift:
    """The same about new members on new examples: half widths of what members and of what examples
    vary by add in squares, as in ``two_way``. A lone variant member is taken to vary as the
    reference's do."""
    effect_C = value_var_CM.mean(axis=1) - value_ref_CM.mean(axis=1)
    parts = [value_var_CM - value_ref_CM] if paired else [value_ref_CM, value_var_CM]
    spread = [
        np.var(part_CM, axis=1, ddof=1) if part_CM.shape[1] > 1 else None for part_CM in parts
    ]
    square = [
        (spread[0] if own is None else own) / part_CM.shape[1]
        for own, part_CM in zip(spread, parts, strict=True)
    ]
    se_C = np.sqrt(sum(square, np.zeros(len(effect_C))))
    freedom = min(max(part_CM.shape[1] - 1, 0) for part_CM in parts) or parts[0].shape[1] - 1

    def half(tail: Floats | float) -> Floats:
        members_C, examples_C = -stdtrit(freedom, tail) * se_C, -ndtri(tail) * examples.se_C
        return np.asarray(np.sqrt(members_C**2 + examples_C**2))

    low_C, high_C = np.full(len(effect_C), -400.0), np.full(len(effect_C), np.log(0.5))
    for _ in range(HALVINGS):
        middle_C = (low_C + high_C) / 2
        beyond_C = half(np.exp(middle_C)) < np.abs(effect_C)
        low_C, high_C = np.where(beyond_C, low_C, middle_C), np.where(beyond_C, middle_C, high_C)
    p_C = np.where(np.isnan(half(level / 2)), np.nan, np.minimum(1.0, 2 * np.exp(high_C)))
    half_C = half(level / 2)
    return examples._replace(
        effect_C=effect_C,
        low_C=effect_C - half_C,
        high_C=effect_C + half_C,
        p_C=p_C,
        adjusted_C=np.minimum(1.0, len(p_C) * p_C),
    )


class _Side:
    """One side's labelled answers, and how far each moves the precision of its class, two answers
    added to each run."""

    def __init__(self, answer_RN: Ints, label_N: Ints, classes: int) -> None:
        runs = len(answer_RN)
        run, example = np.nonzero((answer_RN >= 0) & (label_N >= 0))
        answer = answer_RN[run, example]
        self.given = _Answers(example, answer, (answer == label_N[example]).astype(np.float64))
        self.n_C = np.bincount(answer, minlength=classes) / runs
        right_C = np.bincount(answer, weights=self.given.right, minlength=classes) / runs
        self.middle_C = (right_C + 1) / (self.n_C + 2)
        self.influence = (self.given.right - self.middle_C[answer]) / (self.n_C + 2)[answer] / runs
        with np.errstate(invalid="ignore", divide="ignore"):
            self.value_C = np.where(self.n_C > 0, right_C / self.n_C, np.nan)


def _exact(
    before_N: Ints, after_N: Ints, classes: int, level: float
) -> tuple[Floats, Floats, Floats]:
    """Limits and p of a class's share where either side is one run."""
    moved_N = before_N != after_N
    lost_C, gained_C = (
        np.bincount(side_N[moved_N], minlength=classes) for side_N in (before_N, after_N)
    )
    return *paired_interval(lost_C, gained_C, len(before_N), level), mcnemar_exact(lost_C, gained_C)


def _totals(
    before_RN: Ints,
    after_RN: Ints,
    known_N: NDArray[np.bool_],
    group_N: Ints,
    classes: int,
    groups: int,
) -> sp.csr_array[Any, tuple[int, int]]:
    """(C, K): by how much each group of examples moves each class's count of answers, mean over
    runs."""
    cells = []
    for sign, side_RN in ((-1.0, before_RN), (1.0, after_RN)):
        answer = side_RN[:, known_N].ravel()
        group = np.tile(group_N[known_N], len(side_RN))
        cells.append((np.full(len(answer), sign / len(side_RN)), answer, group))
    weight, answer, group = (np.concatenate(part) for part in zip(*cells, strict=True))
    return sp.csr_array((weight, (answer, group)), shape=(classes, groups))


def _squares(total_CK: sp.csr_array[Any, tuple[int, int]]) -> Floats:
    return np.asarray(total_CK.multiply(total_CK).sum(axis=1), dtype=np.float64).ravel()
