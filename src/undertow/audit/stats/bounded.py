"""Limits and p for a mean of bounded differences, over independent units: examples, or clusters of
them.

Student's limits have no width where the differences seen do not vary, and are far too narrow where
losses are rare and large: the sample then mostly misses them. What was not seen is still possible,
because a difference of two outcomes in [0, 1] can be anything in [−1, 1]. So what could be seen
under each hypothetical mean is taken from the likeliest distribution with this mean on the values
seen and the two ends of the range (the restricted maximum likelihood estimate; its dual is
empirical likelihood, Owen 2001, with the ends added as in Honda & Takemura 2010). A limit is where
the tail of its mean (``saddlepoint``), as a normal deviate, reaches the normal quantile. With a
normal tail, differences of −1, 0 and 1 would have Tango's (1998) score interval; losses that are
rare and large are too skewed for one.

Approximate: how often it errs is in ``docs/limits.md``. Half a step of continuity correction keeps
it honest where few differences are not 0. A unit that was not seen is taken to be as large as those
that were: that one cluster in a hundred may be thirty times as large, and lose all, cannot be told
from a sample without it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from undertow.audit.stats.saddlepoint import deviate
from undertow.audit.stats.unit_kinds import Units
from undertow.audit.stats.units import by_row

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

STEPS, NEWTONS = 24, 16
CLOSE = 1e-10
NEXT_TO_END = 1 - 1e-4
SMALL = 1e-300


class MeanLimits(NamedTuple):
    """Per row: the mean difference, its limits of coverage 1 − level together, two-sided p; NaN
    where a row has fewer than two units."""

    effect_G: Floats
    low_G: Floats
    high_G: Floats
    p_G: Floats
    units_G: Floats


def mean_limits(
    membership_GN: sp.csr_array, change_N: Floats, level: float, cluster_N: Ints | None = None
) -> MeanLimits:
    """Limits of each row's mean of ``change_N``, differences in [−1, 1]; arguments as in
    ``units.by_row``."""

    def solve(units: Units) -> tuple[Floats, ...]:
        return units.effect_G, *bounded_limits(units, level), units.count_G

    return MeanLimits(*by_row(membership_GN, change_N, cluster_N, solve, len(MeanLimits._fields)))


def bounded_limits(units: Units, level: float) -> tuple[Floats, Floats, Floats]:
    """Lower and upper limits and p of rows that all have two units or more."""
    effect_G = units.effect_G
    quantile_G = np.full(len(effect_G), -ndtri(level / 2))
    low_G, high_G = (_limit(units, quantile_G, effect_G, side) for side in (-1, 1))
    p_G = np.minimum(1.0, 2 * ndtr(-np.abs(_score(units, np.zeros_like(effect_G)))))
    return low_G, high_G, p_G


def _limit(units: Units, quantile_G: Floats, effect_G: Floats, side: int) -> Floats:
    """The mean furthest from the effect that is not rejected, by regula falsi (Illinois), as the
    score is nearly a straight line. Next to the end of the range it rejects whatever varies."""
    # Next to the end, but beyond the effect.
    end_G = side * np.maximum(NEXT_TO_END, np.minimum((1 + side * effect_G) / 2, 1 - 1e-9))
    guess_G = _guess(units, quantile_G, effect_G, side, end_G)
    at_end_G, at_guess_G = (
        np.abs(_score(units, mean_G)) - quantile_G for mean_G in (end_G, guess_G)
    )
    within_G, beyond_G = at_guess_G <= 0, at_end_G <= 0
    near_G, low_G = (
        np.where(within_G, guess_G, effect_G),
        np.where(within_G, at_guess_G, -quantile_G),
    )
    far_G, high_G = np.where(within_G, end_G, guess_G), np.where(within_G, at_end_G, at_guess_G)
    was_inside_G = within_G
    for _ in range(STEPS):
        share_G = np.divide(
            low_G, low_G - high_G, out=np.full_like(low_G, 0.5), where=low_G < high_G
        )
        middle_G = near_G + (far_G - near_G) * share_G
        excess_G = np.abs(_score(units, middle_G)) - quantile_G
        inside_G = excess_G <= 0
        # An end that stays for a second time counts half, or it would stay for good.
        again_G = np.where(inside_G == was_inside_G, 0.5, 1.0)
        low_G, high_G = (
            np.where(inside_G, excess_G, low_G * again_G),
            np.where(inside_G, high_G * again_G, excess_G),
        )
        near_G, far_G = np.where(inside_G, middle_G, near_G), np.where(inside_G, far_G, middle_G)
        was_inside_G = inside_G
        if (np.minimum(np.abs(far_G - near_G), np.abs(excess_G)) < CLOSE).all():
            break
    return np.where(beyond_G, float(side), np.where(np.abs(excess_G) < CLOSE, middle_G, near_G))


def _guess(units: Units, quantile_G: Floats, effect_G: Floats, side: int, end_G: Floats) -> Floats:
    """Somewhat beyond where the limit will be: half again the normal one's width, with one unit of
    the end's size."""
    gap_GU = units.total_GU - effect_G[:, None] * units.size_GU
    square_G = (units.alike_GU * gap_GU**2).sum(axis=1) + _end_size(units) ** 2
    half_G = 1.5 * quantile_G * np.sqrt(square_G) / (units.alike_GU * units.size_GU).sum(axis=1)
    room_G = end_G - effect_G
    return np.asarray(
        effect_G + room_G * np.minimum(half_G / np.maximum(np.abs(room_G), SMALL), 1.0)
    )


def _score(units: Units, mean_G: Floats) -> Floats:
    """The normal deviate of the observed total under a true mean, half a step nearer to it
    (correction of continuity)."""
    null = _null(units, mean_G)
    return np.asarray(
        null.sign_G * deviate(null.weight_GX, null.outward_GX, null.beyond_G, units.count_G)
    )


class _Null(NamedTuple):
    """What a true mean makes likely: on which side of it the total lies, the weights of the units
    seen and of one at the end, their gaps towards that side, and the mean gap, corrected."""

    sign_G: Floats
    weight_GX: Floats
    outward_GX: Floats
    beyond_G: Floats


def _null(units: Units, mean_G: Floats) -> _Null:
    gap_GU = units.total_GU - mean_G[:, None] * units.size_GU
    count_G = units.count_G
    shift_G = (units.alike_GU * gap_GU).sum(axis=1) / count_G
    sign_G = np.where(shift_G > 0, 1.0, -1.0)
    end_G = _end_size(units) * (-sign_G - mean_G)
    weight_GX = np.column_stack(_likeliest(units.alike_GU / count_G[:, None], gap_GU, end_G))
    outward_GX = sign_G[:, None] * np.column_stack([gap_GU, end_G])
    moved_GX = np.column_stack([units.total_GU, end_G + mean_G * _end_size(units)])
    step_G = np.maximum(_step(weight_GX, moved_GX), _step(weight_GX, outward_GX))
    beyond_G = np.maximum(np.abs(shift_G) - step_G / 2 / count_G, 0.0)
    return _Null(sign_G, weight_GX, outward_GX, beyond_G)


def _step(weight_GX: Floats, moved_GX: Floats) -> Floats:
    """In what steps a total of such moves goes: among small moves the rare jump, which the square
    picks out."""
    square_GX = weight_GX * moved_GX**2
    return np.asarray(
        (square_GX * np.abs(moved_GX)).sum(axis=1) / np.maximum(square_GX.sum(axis=1), SMALL)
    )


def _end_size(units: Units) -> Floats:
    """How many examples an unseen unit would have: as many as the unit that a random part of the
    sizes' squares is in, because with those units vary. Of units of one size that is the size; of
    very unequal ones nearly the largest, which alone can move the mean."""
    square_GU = units.alike_GU * units.size_GU**2
    size_G: Floats = (square_GU * units.size_GU).sum(axis=1) / np.maximum(
        square_GU.sum(axis=1), SMALL
    )
    return size_G


def _likeliest(share_GU: Floats, gap_GU: Floats, end_G: Floats) -> tuple[Floats, Floats]:
    """Weights of the likeliest distribution whose mean gap is 0, and what of it lies on the end of
    the range.

    Each weight is share / (1 + λ · gap), with λ between 0 and −1/end: the root of Σ share · gap /
    (1 + λ · gap), or that bound where the sum has no root; then the end itself takes what is left.
    """
    # A cluster larger than the one that is imagined at the end can lie beyond it.
    furthest_G = np.where(
        end_G < 0, np.minimum(gap_GU.min(axis=1), end_G), np.maximum(gap_GU.max(axis=1), end_G)
    )
    bound_G = -1 / furthest_G
    rate_G, rootless_G = _root(share_GU, gap_GU, bound_G * (1 - 1e-12))
    weight_GU = share_GU / (1 + rate_G[:, None] * gap_GU)
    total_G = weight_GU.sum(axis=1)
    left_G = np.where(rootless_G, np.maximum(1 - total_G, 0.0), 0.0)
    return np.where(rootless_G[:, None], weight_GU, weight_GU / total_G[:, None]), left_G


def _root(share_GU: Floats, gap_GU: Floats, bound_G: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """λ between 0 and the bound where Σ share · gap / (1 + λ · gap) is 0, by Newton steps kept
    inside what is known to hold the root; the bound itself, and True, where there is none."""
    sign_G = np.sign(bound_G)

    def slope(rate_G: Floats) -> tuple[Floats, Floats]:
        part_GU = share_GU * gap_GU / (1 + rate_G[:, None] * gap_GU)
        falls_GU = np.divide(part_GU**2, share_GU, out=np.zeros_like(part_GU), where=share_GU > 0)
        return sign_G * part_GU.sum(axis=1), falls_GU.sum(axis=1)

    rootless_G = slope(bound_G)[0] >= 0
    near_G, far_G = np.zeros_like(bound_G), bound_G.copy()
    rate_G = near_G
    for _ in range(NEWTONS):
        value_G, falls_G = slope(rate_G)
        near_G, far_G = np.where(value_G > 0, rate_G, near_G), np.where(value_G > 0, far_G, rate_G)
        newton_G = rate_G + sign_G * value_G / np.maximum(falls_G, SMALL)
        next_G = np.where(
            (newton_G - near_G) * (newton_G - far_G) <= 0, newton_G, (near_G + far_G) / 2
        )
        moved, rate_G = np.abs(next_G - rate_G) > CLOSE * np.abs(bound_G), next_G
        if not (moved & ~rootless_G).any():
            break
    return np.where(rootless_G, bound_G, rate_G), rootless_G
