"""Average accuracy against worst-k: which arms no other beats in both, how much a set of arms
covers, and whether one set covers more than another.

Hypervolume is the area between a reference point and the points that are not beaten: of a point
(average, worst) above (a, w) alone, (average − a) · (worst − w). It grows with every point that is
not beaten, and noise pushes some points out, so it is too large on average, and more so of more
arms. A front that half of the members choose and the other half measures is too small. Limits reach
from the lower one of the second to the upper one of the first; those of a difference likewise, so
that four arms do not exceed one by luck.

Half widths follow ``arms``: of the area as measured, whose change is linear in the arms' means with
the edges of the front as weights. Which points make up the front is open, so weights are means over
fronts of arms whose members and examples are drawn anew. Measured in
``tests/study/worst/test_coverage.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.audit.stats.combined import Part
from undertow.study.worst.arms import SEED, Arm, Value, by_unit, worst
from undertow.study.worst.limits import half_of, together
from undertow.study.worst.pareto import Floats, dominated, hypervolume, slopes, staircase

SPLITS = 20
"""Halvings that a cross-fitted area is averaged over."""


@dataclass(frozen=True, eq=False)
class Front:
    """Arms by name, all of them asked the same test examples."""

    arms: Mapping[str, Arm]
    k: int = 1

    @cached_property
    def points_P2(self) -> Floats:
        """Of each arm the average accuracy and the worst-k, in its order."""
        return np.array([each_2U.mean(axis=1) for each_2U in self.each])

    @property
    def best(self) -> list[str]:
        """Names of arms that no other beats, the most accurate first."""
        names = [*self.arms]
        kept = [p for p, beaten in enumerate(dominated(self.points_P2)) if not beaten]
        return [names[p] for p in sorted(kept, key=lambda p: -self.points_P2[p, 0])]

    @property
    def each(self) -> list[Floats]:
        """Of each arm both values of its units (2, U)."""
        return [each_2U for each_2U, _ in self._units]

    @cached_property
    def _units(self) -> list[tuple[Floats, Floats]]:
        """Of each arm both values of its units (2, U), and on draws of examples (2, D, U)."""
        found = []
        for arm in self.arms.values():
            both = [by_unit(arm, f, self.rows(arm)) for f in (arm.average(), worst(self.k))]
            found.append((np.stack([b.each_U for b in both]), np.stack([b.drawn_DU for b in both])))
        return found

    @staticmethod
    def rows(arm: Arm) -> Sequence[Sequence[int]]:
        """Rows of an arm's units, teachers in the order of their names."""
        return [arm.named[n] for n in sorted(arm.named)] if len(arm.named) > 1 else arm.units

    def weighted(self, reference: tuple[float, float], seed: int) -> list[_Weighted]:
        """Each arm's part in the area, unit by unit."""
        weight_P2 = self._weights(reference, seed)
        return [
            _Weighted(_teachers(arm), weight_2 @ each_2U, np.tensordot(weight_2, drawn_2DU, 1))
            for arm, weight_2, (each_2U, drawn_2DU) in zip(
                self.arms.values(), weight_P2, self._units, strict=True
            )
        ]

    def _weights(self, reference: tuple[float, float], seed: int) -> Floats:
        """How much the area grows with each arm's average and worst, over draws."""
        rng = np.random.default_rng(seed)
        drawn = []
        for _, drawn_2DU in self._units:
            units = drawn_2DU.shape[2]
            chosen_DU = rng.integers(0, units, (drawn_2DU.shape[1], units))
            drawn.append(np.take_along_axis(drawn_2DU, chosen_DU[None], axis=2).mean(axis=2))
        points_DP2 = np.moveaxis(np.array(drawn), (0, 1, 2), (1, 2, 0))
        return np.asarray(np.mean([slopes(p_P2, reference) for p_P2 in points_DP2], axis=0))


class _Weighted(NamedTuple):
    """An arm's part in an area: by which teachers, of each unit (U), and on draws (D, U)."""

    teachers: tuple[str, ...]
    each_U: Floats
    drawn_DU: Floats


def area(front: Front, reference: tuple[float, float]) -> Value:
    """A front's hypervolume, from the limits of the cross-fitted area to those of the plain one;
    ``units`` are those of its smallest arm."""
    plain = hypervolume(front.points_P2, reference)
    half, units = _half(front.weighted(reference, SEED))
    return Value(plain, crossed(front, reference) - half, plain + half, units)


def beyond(front: Front, than: Front, reference: tuple[float, float]) -> Value:
    """How much more hypervolume ``front`` has than ``than``, asked the same examples."""
    own, other = front.weighted(reference, SEED), than.weighted(reference, SEED + 1)
    less = [w._replace(each_U=-w.each_U, drawn_DU=-w.drawn_DU) for w in other]
    half, units = _half([*own, *less])
    plain_2 = [hypervolume(f.points_P2, reference) for f in (front, than)]
    crossed_2 = [min(crossed(f, reference), p) for f, p in zip((front, than), plain_2, strict=True)]
    low, high = crossed_2[0] - plain_2[1] - half, plain_2[0] - crossed_2[1] + half
    return Value(plain_2[0] - plain_2[1], low, high, units)


def crossed(front: Front, reference: tuple[float, float]) -> float:
    """The area below a front that one half of each arm's units chooses and the other measures, both
    ways, over ``SPLITS`` halvings: too small on average. NaN where an arm has one unit."""
    rng, found = np.random.default_rng(SEED), []
    sizes = {each_2U.shape[1] for each_2U in front.each}
    if min(sizes) < 2:
        return float("nan")
    for _ in range(SPLITS):
        order = {units: rng.permutation(units) for units in sorted(sizes)}
        points_P22 = np.array([_halves(each, order[each.shape[1]]) for each in front.each])
        first_P2, second_P2 = points_P22[:, 0], points_P22[:, 1]
        found.append(staircase(first_P2, second_P2, reference))
        found.append(staircase(second_P2, first_P2, reference))
    return float(np.mean(found))


def _halves(each_2U: Floats, order_U: NDArray[np.intp]) -> list[Floats]:
    """Means of either half of the units."""
    middle = len(order_U) // 2
    halves = order_U[:middle], order_U[middle:]
    return [each_2U[:, half_U].mean(axis=1) for half_U in halves]


def _half(parts: Sequence[_Weighted]) -> tuple[float, int]:
    """Half the width of the limits of a sum of arms' parts, and the units of its smallest arm. Arms
    that learned from the same teachers vary together, so theirs are added by teacher."""
    groups: dict[object, tuple[Floats, Floats]] = {}
    for nth, part in enumerate(parts):
        key = part.teachers or nth
        each_U, drawn_DU = groups.get(key, (np.zeros(1), np.zeros(1)))
        groups[key] = each_U + part.each_U, drawn_DU + part.drawn_DU
    sizes = np.array([len(each_U) for each_U, _ in groups.values()])
    if sizes.min() < 2:
        return float("nan"), 1
    squares = np.array([each_U.var(ddof=1) / len(each_U) for each_U, _ in groups.values()])
    df = squares.sum() ** 2 / max((squares**2 / (sizes - 1)).sum(), 1e-300)
    members = Part(np.array([squares.sum()]), max(df, 1.0))
    half = half_of([members], together(*(drawn_DU for _, drawn_DU in groups.values())))
    return half, int(sizes.min())


def _teachers(arm: Arm) -> tuple[str, ...]:
    return tuple(sorted(arm.named)) if len(arm.named) > 1 else ()
