"""How many examples, clusters or members an open verdict needs, if the effect stays what it is: for
the verdict "too small to tell"."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from scipy.special import ndtri, stdtrit

ROUNDING = 1e-9
HALVINGS = 30
ALIKE = 2.0
"""Degrees of freedom for each member of a side beyond the first, of sides that spread alike."""


class Known(NamedTuple):
    """What a row shows: of how many units, the standard error of its mean over them, and the
    one-sided level of the limit that has to get nearer."""

    units: float
    error: float
    level: float

    @property
    def normal(self) -> float:
        """Half the width of the interval that many units would have."""
        return float(-ndtri(self.level)) * self.error


def examples_until(known: Known, half: float, target: float) -> int:
    """How many independent examples bring a limit from ``half`` to ``target`` off the effect, in
    [−1, 1].

    Such limits lie z²/2n + √(z²·error² + (z²/2n)²) off (the score interval, Wilson 1927): nearly as
    1/n where little varies, as 1/√n where much does. What a limit lies off beyond that, it is taken
    to keep.
    """
    n, z = known.units, float(-ndtri(known.level))
    part = z**2 / (2 * n)
    near = target * (part + math.hypot(known.normal, part)) / half
    needed = z**2 * (n * known.error**2 + near) / near**2
    return max(math.floor(n) + 1, math.ceil(needed * (1 - ROUNDING)))


def clusters_until(known: Known, seen: float, target: float, *, wide: float = 0.0) -> int:
    """The same of clusters: their limits lie ``seen`` off by what was seen, and ``wide`` where the
    verdict has to hold with clusters unlike those, which get rarer with their number.

    Of few clusters the limits by exchange lie further out than normal ones, and of fewer than
    ``fewest_units`` nowhere. By how much they do is taken to fall with the clusters beyond those.
    """
    unseen = unseen_part(min(seen, known.normal), wide)
    fewest = fewest_units(2 * known.level)
    if not known.normal > 0:  # Nothing varies.
        return max(size_for(known.units, 0.0, target, unseen=unseen), fewest)
    further = max(seen / known.normal - 1, 0.0) * (known.units - fewest + 1)

    def decide(units: float) -> bool:
        near = known.normal * math.sqrt(known.units / units) * (1 + further / (units - fewest + 1))
        return math.hypot(near, unseen * known.units / units) <= target

    return _first(decide, max(math.floor(known.units) + 1, fewest))


def members_until(
    half: float,
    target: float,
    members: tuple[int, int],
    level: float,
    *,
    paired: bool,
    fixed: float = 0.0,
    error: float = 0.0,
) -> int:
    """How many members a side bring a limit of one-sided ``level`` from ``half`` to ``target`` off
    the effect, where ``fixed`` of it, in squares, stays: what examples vary by, below ``target``.

    With members both the standard error and Student's quantile shrink, which from two or three on
    is much more than the root of their number. Members of both sides are taken to spread alike,
    or, where their standard ``error`` is known, as unlike as the width of the limit says.
    """
    among = math.sqrt(max(half**2 - fixed**2, 0.0))
    each = _freedom(among / error, members, level) if error > 0 else ALIKE
    deviation = among / _members_half(*members, level, paired, each)

    def decide(size: float) -> bool:
        width = deviation * _members_half(size, size, level, paired, each)
        return math.hypot(width, fixed) <= target

    return _first(decide, max(min(members) + 1, max(members)))


def _freedom(quantile: float, members: tuple[int, int], level: float) -> float:
    """Degrees of freedom for each member beyond the first of a side, from 1, where one side does
    all the varying, to ``ALIKE``: those of which Student's quantile is this."""
    spare = members[0] - 1
    if members[0] != members[1] or spare < 1 or quantile <= -stdtrit(ALIKE * spare, level):
        return ALIKE
    if quantile >= -stdtrit(spare, level):
        return 1.0
    low, high = 1.0, ALIKE
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if -stdtrit(middle * spare, level) > quantile else (low, middle)
    return high


def _members_half(m_ref: float, m_var: float, level: float, paired: bool, each: float) -> float:
    """Half the width of an interval of the mean difference of members of unit spread, as
    ``combined.sides`` has it."""

    def quantile(df: float) -> float:
        return -float(stdtrit(df, level))

    if paired:
        return quantile(m_ref - 1) * math.sqrt(1 / m_ref)
    if min(m_ref, m_var) < 2:
        return quantile(max(m_ref, m_var) - 1) * math.sqrt(1 / m_ref + 1 / m_var)
    if m_ref == m_var:
        return quantile(each * (m_ref - 1)) * math.sqrt(2 / m_ref)
    return math.hypot(*(quantile(m - 1) / math.sqrt(m) for m in (m_ref, m_var)))


def _first(decide: Callable[[float], bool], low: int) -> int:
    """The smallest number from ``low`` on that decides, where every larger one does."""
    if decide(low):
        return low
    high = 2 * low
    while not decide(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decide(middle) else (middle, high)
    return high


def size_for(n: float, half: float, target: float, *, unseen: float = 0.0) -> int:
    """How many examples or clusters an open verdict needs, where ``n`` give an interval of
    half width ``half``, or √(half² + unseen²) where it allows for units unlike those seen.

    The first part shrinks with the root of the size, the second, as units that were not seen get
    rarer, with the size. The verdict falls where the half width is down to ``target``: the interval
    then excludes 0 or lies within the tolerance, whichever comes first, if the effect stays what it
    is.
    """
    root = math.sqrt(half**4 + 4 * (unseen * target) ** 2)
    needed = n * (half**2 + root) / (2 * target**2)
    return max(math.floor(n) + 1, math.ceil(needed * (1 - ROUNDING)))


def unseen_part(seen: float, wide: float) -> float:
    """What allowing for units unlike those seen adds, in squares, to a half width ``seen``."""
    return math.sqrt(max(wide**2 - seen**2, 0.0))


def fewest_units(level: float) -> int:
    """How many units must all change one way before that is less likely than ``level``, two-sided,
    by exchange within units."""
    return math.ceil(1 - math.log2(level))
