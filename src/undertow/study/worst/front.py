"""Average accuracy against worst-k: several arms, and which of them no other beats in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from undertow.study.worst.arms import Arm, worst
from undertow.study.worst.pareto import Floats, dominated
from undertow.study.worst.values import by_unit


class Both(NamedTuple):
    """An arm's average accuracy and worst-k: of each unit (2, U), and on draws of examples
    (2, D, U). ``teachers`` are its units' names, in their order; none where units are members, who
    have nothing in common with another arm's."""

    each_2U: Floats
    drawn_2DU: Floats
    teachers: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Front:
    """Arms by name, all of them asked the same test examples."""

    arms: Mapping[str, Arm]
    k: int = 1

    @cached_property
    def both(self) -> list[Both]:
        """Of each arm (P), in its order, both values."""
        return [_both(arm, self.k) for arm in self.arms.values()]

    @cached_property
    def points_P2(self) -> Floats:
        """Of each arm the average accuracy and the worst-k, means over units."""
        return np.array([arm.each_2U.mean(axis=1) for arm in self.both])

    @property
    def best(self) -> list[str]:
        """Names of arms that no other beats, the most accurate first."""
        names = [*self.arms]
        kept = [p for p, beaten in enumerate(dominated(self.points_P2)) if not beaten]
        return [names[p] for p in sorted(kept, key=lambda p: -self.points_P2[p, 0])]


def _both(arm: Arm, k: int) -> Both:
    teachers = tuple(sorted(arm.named)) if len(arm.named) > 1 else ()
    rows = [arm.named[name] for name in teachers] or arm.units
    average, lowest = (by_unit(arm, statistic, rows) for statistic in (arm.average(), worst(k)))
    return Both(
        np.stack([average.each_U, lowest.each_U]),
        np.stack([average.drawn_DU, lowest.drawn_DU]),
        teachers,
    )
