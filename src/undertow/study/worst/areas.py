"""How much a front covers, and whether one front covers more than another.

**Area.** Hypervolume is the area between a reference point and the points that are not beaten: of a
point (average, worst) above (a, w) alone, (average − a) · (worst − w). It grows with every point
that is not beaten, and noise pushes some points out, so as measured it is too large on average, and
more so of more arms. A front that half of the units choose and the other half measures
(``crossed``) is too small on average. Limits reach from below the second to above the first; those
of a difference likewise, so that four arms do not exceed one by luck.

**Half widths** are those of the area as measured, and follow ``values``: by units, and by how far
they move together over draws of examples. A small move of an arm's average or worst-k changes the
area by the length of an edge of the front (``pareto.slopes``), so the area's noise is a weighted
sum of the arms' noise. Which arms have an edge is itself open, so weights are means over fronts of
arms whose units and examples are drawn anew. Measured in ``tests/study/worst/test_coverage.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.audit.stats.combined import Part
from undertow.study.worst.arms import SEED
from undertow.study.worst.front import Front
from undertow.study.worst.limits import half_of, together
from undertow.study.worst.pareto import Floats, hypervolume, slopes, staircase
from undertow.study.worst.values import Value

SPLITS = 20
"""Halvings that a cross-fitted area is averaged over."""

Corner = tuple[float, float]
"""The reference point: average accuracy and worst-k, in [0, 1]."""


def area(front: Front, corner: Corner) -> Value:
    """A front's hypervolume, with limits from below the cross-fitted area to above the plain one;
    ``units`` are those of its smallest arm."""
    low, plain = _ends(front, corner)
    half, units = _half(_shares(front, corner, SEED))
    return Value(plain, low - half, plain + half, units)


def beyond(front: Front, than: Front, corner: Corner) -> Value:
    """How much more hypervolume ``front`` has than ``than``, asked the same examples. Where it has
    all arms of ``than`` and more it has no less, and its upper limit is never below 0."""
    (own_low, own), (other_low, other) = (_ends(each, corner) for each in (front, than))
    # other draws: with the same ones a front and its copy would have the same weights, and their
    # difference no width at all
    less = [_Share(s.teachers, -s.each_U, -s.drawn_DU) for s in _shares(than, corner, SEED + 1)]
    half, units = _half([*_shares(front, corner, SEED), *less])
    return Value(own - other, own_low - other - half, own - other_low + half, units)


def crossed(front: Front, corner: Corner) -> float:
    """The area below a front that one half of each arm's units chooses and the other measures, both
    ways, over ``SPLITS`` halvings: too small on average. NaN where an arm has one unit."""
    rng, found = np.random.default_rng(SEED), []
    sizes = {arm.each_2U.shape[1] for arm in front.both}
    if min(sizes) < 2:
        return float("nan")
    for _ in range(SPLITS):
        # one order for all arms of a size: students of one teacher are in the same half
        order = {units: rng.permutation(units) for units in sorted(sizes)}
        points_P22 = np.array([_halves(a.each_2U, order[a.each_2U.shape[1]]) for a in front.both])
        first_P2, second_P2 = points_P22[:, 0], points_P22[:, 1]
        found.append(staircase(first_P2, second_P2, corner))
        found.append(staircase(second_P2, first_P2, corner))
    return float(np.mean(found))


def _halves(each_2U: Floats, order_U: NDArray[np.intp]) -> list[Floats]:
    """Means of either half of the units."""
    middle = len(order_U) // 2
    return [each_2U[:, half_U].mean(axis=1) for half_U in (order_U[:middle], order_U[middle:])]


def _ends(front: Front, corner: Corner) -> tuple[float, float]:
    """The cross-fitted area and the plain one. Units that are good at both or at neither make the
    first the larger one by chance; it is then taken to be the plain one."""
    plain = hypervolume(front.points_P2, corner)
    return float(np.minimum(crossed(front, corner), plain)), plain


class _Share(NamedTuple):
    """What an arm adds to an area, to first order: by unit (U), and on draws of examples (D, U)."""

    teachers: tuple[str, ...]
    each_U: Floats
    drawn_DU: Floats


def _shares(front: Front, corner: Corner, seed: int) -> list[_Share]:
    weight_P2 = _weights(front, corner, seed)
    return [
        _Share(arm.teachers, weight_2 @ arm.each_2U, np.tensordot(weight_2, arm.drawn_2DU, 1))
        for arm, weight_2 in zip(front.both, weight_P2, strict=True)
    ]


def _weights(front: Front, corner: Corner, seed: int) -> Floats:
    """How much the area grows with each arm's average and worst-k (P, 2), the mean over fronts
    whose examples and units are drawn anew, the units of each arm for themselves."""
    rng = np.random.default_rng(seed)
    drawn = []
    for arm in front.both:
        _, draws, units = arm.drawn_2DU.shape
        chosen_DU = rng.integers(0, units, (draws, units))
        drawn.append(np.take_along_axis(arm.drawn_2DU, chosen_DU[None], axis=2).mean(axis=2))
    points_DP2 = np.moveaxis(np.array(drawn), (0, 1, 2), (1, 2, 0))
    return np.asarray(np.mean([slopes(points_P2, corner) for points_P2 in points_DP2], axis=0))


def _half(shares: Sequence[_Share]) -> tuple[float, int]:
    """Half the width of the limits of a sum of shares, and the units of the smallest arm. Students
    of one teacher vary together, so shares of arms with the same teachers are added teacher by
    teacher first; what is left is independent, and has one quantile by Welch's degrees of freedom,
    as a part of its own for each of many small arms would be wider than their sum is."""
    groups: dict[object, list[_Share]] = {}
    for nth, share in enumerate(shares):
        groups.setdefault(share.teachers or nth, []).append(share)
    each = [np.sum([share.each_U for share in group], axis=0) for group in groups.values()]
    drawn = [np.sum([share.drawn_DU for share in group], axis=0) for group in groups.values()]
    sizes = np.array([len(each_U) for each_U in each])
    if sizes.min() < 2:
        return float("nan"), 1
    squares = np.array([each_U.var(ddof=1) / len(each_U) for each_U in each])
    # where nothing varies the degrees of freedom are of no meaning, and may not be 0 / 0
    df = squares.sum() ** 2 / max((squares**2 / (sizes - 1)).sum(), 1e-300)
    members = Part(np.array([squares.sum()]), max(df, 1.0))
    return half_of([members], together(*drawn)), int(sizes.min())
