"""Values of arms, and differences of two, with limits over members and test examples.

**What limits cover.** ``value`` and ``difference`` are about *the value as measured*: what new
members of the recipe have in expectation on a new test part with as many examples of each class,
the noise of the lowest included. That is what papers print. How even an arm's classes are moves it:
of two arms whose lowest true recalls are the same, the one with the more even classes has the lower
value. ``true_lowest`` is about the true lowest recall, as endless test examples would show it.

**How.** The lowest is taken within each member, and within each draw of examples; never is a class
chosen first. Members vary by what their values on these examples do (Student; of two arms Welch's
degrees of freedom, of pairs the paired t). Examples are drawn anew within classes, the same ones
for all members and arms, and what they add is how far members' values move *together*: the
covariance of two members over draws. What a member's own answers vary by is in its value already.
Of a single arm all that draws vary by is added, as resampling tells too little of one minimum. Half
widths add in squares (``stats.combined``). The mean itself stays where it is: resampled minima are
lower still than the minimum, so percentiles err. Measured in
``tests/study/worst/test_coverage.py``: .93 to .975 of differences are held, .025 to .05 of null
ones refuted.

Values of members of one teacher are no independent evidence about the recipe, so with two
teachers or more the unit is the teacher. Where all have one teacher, limits are about students of
this teacher alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from undertow.study.worst.arms import Arm, Statistic, check_same
from undertow.study.worst.limits import half_of, together, vary
from undertow.study.worst.recalls import Floats


class Value(NamedTuple):
    """A mean over members with its 95 % limits over members and examples, and how many units it
    rests on; NaN limits of one."""

    mean: float
    low: float
    high: float
    units: int


class ByUnit(NamedTuple):
    """A statistic of each unit (U), mean over its members; on each draw of examples (D, U); and
    the least by which one answer moves it."""

    each_U: Floats
    drawn_DU: Floats
    step: float


def value(arm: Arm, statistic: Statistic) -> Value:
    """Of one arm; as measured."""
    found = by_unit(arm, statistic, arm.units)
    # all that draws vary by: resampling tells too little of one minimum, and the noise of single
    # answers, which is counted with the members too, makes up for it
    examples = float(found.drawn_DU.mean(axis=1).var(ddof=1))
    half = half_of(vary(found.step, found.each_U), examples)
    mean = float(found.each_U.mean())
    return Value(mean, mean - half, mean + half, len(found.each_U))


def difference(arm: Arm, than: Arm, statistic: Statistic) -> Value:
    """How much more ``arm`` has than ``than``, which answered the same examples; as measured. By
    teachers where both have the same two or more, else of independent members; ``units`` are those
    of the smaller side. ``ValueError`` for other examples."""
    check_same(arm, than)
    if paired(arm, than):
        names = sorted(arm.named)
        own, other = (by_unit(a, statistic, [a.named[n] for n in names]) for a in (arm, than))
        members = vary(own.step, own.each_U - other.each_U)
        half = half_of(members, together(own.drawn_DU - other.drawn_DU))
    else:
        own, other = (by_unit(a, statistic, a.units) for a in (arm, than))
        members = vary(own.step, own.each_U, other.each_U)
        half = half_of(members, together(own.drawn_DU, -other.drawn_DU))
    mean = float(own.each_U.mean() - other.each_U.mean())
    return Value(mean, mean - half, mean + half, min(len(own.each_U), len(other.each_U)))


def beyond(change: tuple[Arm, Arm], other: tuple[Arm, Arm], statistic: Statistic) -> Value:
    """How much more the first arm of ``change`` has than its second than the first of ``other`` has
    than its second: whether one kind of member bears a change better than another. All four learned
    from the same teachers and answered the same examples; ``ValueError`` where they did not."""
    arms, signs = (*change, *other), (1, -1, -1, 1)
    for arm in arms[1:]:
        check_same(arms[0], arm)
        if not paired(arms[0], arm):
            raise ValueError("two changes are compared by teachers, which these arms do not share")
    names = sorted(arms[0].named)
    found = [by_unit(arm, statistic, [arm.named[n] for n in names]) for arm in arms]
    each_U = np.sum([s * f.each_U for s, f in zip(signs, found, strict=True)], axis=0)
    drawn_DU = np.sum([s * f.drawn_DU for s, f in zip(signs, found, strict=True)], axis=0)
    half = half_of(vary(found[0].step, each_U), together(drawn_DU))
    mean = float(each_U.mean())
    return Value(mean, mean - half, mean + half, len(each_U))


def paired(arm: Arm, than: Arm) -> bool:
    """Whether both learned from the same teachers, of which there are two or more."""
    return len(arm.named) > 1 and set(arm.named) == set(than.named)


def each_unit(arm: Arm, statistic: Statistic, units: Sequence[Sequence[int]]) -> Floats:
    """A statistic of each unit (U), mean over its members; without draws, which take time."""
    each_M = statistic(arm.recall_MC)
    return np.array([each_M[rows].mean() for rows in units])


def by_unit(arm: Arm, statistic: Statistic, units: Sequence[Sequence[int]]) -> ByUnit:
    """One row of units each."""
    drawn_DM = statistic(arm.redrawn_DMC)
    drawn_DU = np.stack([drawn_DM[:, rows].mean(axis=1) for rows in units], axis=1)
    one_wrong_CC = 1 - np.eye(arm.classes) / np.bincount(arm.label_N)[:, None]
    mean_U = each_unit(arm, statistic, units)
    return ByUnit(mean_U, drawn_DU, float(np.min(1 - statistic(one_wrong_CC))))
