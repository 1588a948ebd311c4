"""What becomes of claims about worst classes, each by the limits of one number.

Two of these numbers cannot be below 0 whatever is true: what a front covers more than a part of its
own arms, and a share of a variance. A claim about one of them is held or too small to tell and
never refuted; its upper limit says how much there is at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from undertow.audit.stats.components import Estimate
from undertow.audit.stats.rank_limits import RankCorrelation, rank_correlation
from undertow.study.claims import Outcome, decided, effect_text
from undertow.study.worst.areas import Corner, area
from undertow.study.worst.areas import beyond as beyond_front
from undertow.study.worst.arms import Arm, worst
from undertow.study.worst.front import Front
from undertow.study.worst.recalls import Floats
from undertow.study.worst.teachers import Teachers
from undertow.study.worst.values import beyond, difference
from undertow.study.worst.written import gain, with_limits

Pair = tuple[Arm, Arm]
"""Members after a change, and before it."""


def above(name: str, arm: Arm, base: str, than: Arm) -> Outcome:
    """Whether an arm's worst class is above another's; of an arm and itself nothing can be told."""
    if name == base:
        return decided([(0.0, 0.0)], f"what was chosen is {base} itself")
    found = difference(arm, than, worst())
    average = difference(arm, than, arm.average())
    said = f"{name}: {gain(found)} points beside {base}, average {gain(average)}"
    return decided([(found.low, found.high)], said)


def above_each(name: str, arm: Arm, others: Mapping[str, Arm]) -> Outcome:
    """Whether an arm's worst class is above that of each of some others."""
    found = {other: difference(arm, than, worst()) for other, than in others.items()}
    each = ", ".join(f"{gain(value)} beside {other}" for other, value in found.items())
    return decided([(value.low, value.high) for value in found.values()], f"{name}: {each} points")


def keeps(changes: Mapping[str, tuple[Pair, Pair]]) -> Outcome:
    """Whether members of the first kind lose less of their worst class by each change than those of
    the second, which learned from the same teachers."""
    limits, said = [], []
    for how, (first, second) in changes.items():
        more = beyond(first, second, worst())
        own, other = (gain(difference(*pair, worst())) for pair in (first, second))
        limits.append((more.low, more.high))
        said.append(f"{how.strip(', ')}: {own} points beside {other}, {gain(more)} more")
    return decided(limits, "; ".join(said))


def gains(finding: Mapping[str, Any]) -> Outcome:
    """Whether a finding of an audit is a gain."""
    return decided([(finding["low"], finding["high"])], f"{effect_text(finding)} points")


def covers(more: Front, less: Front, corner: Corner) -> Outcome:
    """Whether the first front has the larger area above a corner. It cannot have the smaller one
    where it has all arms of the second."""
    found = beyond_front(more, less, corner)
    areas = " and ".join(f"{area(each, corner).mean:.4f}" for each in (more, less))
    said = f"areas {areas}, difference {with_limits(found, '+.4f')}"
    return decided([(found.low, found.high)], said)


def nearer(kinds: Iterable[Teachers], gap: str = "bins") -> Outcome:
    """Whether teachers with a smaller gap have students with a better worst class, of one kind."""
    rank = of_one_kind([(kind.gaps[gap], kind.students_M) for kind in kinds])
    said = f"Spearman's ρ {with_limits(rank, '+.2f')} within kinds, over {rank.units} teachers"
    return decided([(-rank.high, -rank.low)], said)


def of_one_kind(kinds: Iterable[tuple[Floats, Floats]]) -> RankCorrelation:
    """Spearman's ρ within kinds: of ranks within each kind less their mean. What kinds differ by,
    which few kinds cannot tell, takes no part, and limits know of the means that were taken off."""
    ranks: list[tuple[Floats, Floats]] = []
    for first_M, second_M in kinds:
        known_M = ~(np.isnan(first_M) | np.isnan(second_M))
        if known_M.any():
            ranks.append((_centred(first_M[known_M]), _centred(second_M[known_M])))
    if not ranks:
        return rank_correlation(np.array([]), np.array([]))
    first_U, second_U = (np.concatenate(each) for each in zip(*ranks, strict=True))
    return rank_correlation(first_U, second_U, spent=len(ranks) - 1)


def _centred(value_M: Floats) -> Floats:
    from scipy.stats import rankdata  # Here, as it takes a third of the time to start.

    return np.asarray(rankdata(value_M) - (len(value_M) + 1) / 2)


def take_part(share: Estimate) -> Outcome:
    """Whether origins make a part of a variance. Their share cannot be below 0."""
    said = f"share of the variance {with_limits(share, '.2f')}"
    return decided([(share.low, share.high)], said)
