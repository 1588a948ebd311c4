"""How much larger one population's mean is than another's, and whether more so than elsewhere, with
limits over members."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.floating[Any]]


CLOSE = 1e-12
"""A relative difference that rounding alone makes."""


class Limits(NamedTuple):
    """Per slice: the value, its limits, and the two-sided p of 0."""

    value_G: Floats
    low_G: Floats
    high_G: Floats
    p_G: Floats


def relative_limits(
    reference_GM: Floats, variant_GM: Floats, *, paired: bool, level: float = 0.05
) -> Limits:
    """The relative change ``variant / reference − 1`` of two means that are not negative, by
    Fieller (1954).

    The limits are the ratios q at which Student's t (Welch's degrees of freedom at the ratio that
    was found; of pairs, theirs) does not refute ``variant = q · reference``, and all between them.
    They are not symmetric, and the upper one is infinite where the reference's mean cannot be told
    from 0; the lower one is at least −1, as a share cannot fall further. NaN where the reference's
    mean is 0, a side has fewer than two members or nothing varies. p is the least level at which
    the limits leave 0 out: that of the same test of equal means, so with the same degrees of
    freedom.
    """
    reference, variant = _rows(reference_GM), _rows(variant_GM)
    before, after = reference.mean(axis=1), variant.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = after / before
        square_before, square_after, shared = _squares(reference, variant, paired)
        df = _freedom(reference, variant, ratio, paired)
        t_squared = stdtrit(df, 1 - level / 2) ** 2
        # (after − q·before)² ≤ t² (s_after² − 2 q s_shared + q² s_before²) is quadratic in q
        a = before**2 - t_squared * square_before
        b = before * after - t_squared * shared
        c = after**2 - t_squared * square_after
        root = np.sqrt(np.maximum(b**2 - a * c, 0))
        low, high = np.where(c > 0, c / (b + root), 0), np.where(a > 0, (b + root) / a, np.inf)
    known = (before > 0) & np.isfinite(df)
    # where neither mean can be told from 0, all ratios lie between the limits
    either = np.minimum(_p(before, square_before, df), _p(after, square_after, df))
    spread = np.maximum(square_after - 2 * shared + square_before, 0)
    p = np.maximum(_p(after - before, spread, df), either)
    at_least = np.maximum(low - 1, -1.0)
    return Limits(*(np.where(known, x, np.nan) for x in (ratio - 1, at_least, high - 1, p)))


def excess_limits(
    reference_GM: Floats,
    variant_GM: Floats,
    beside_reference_GM: Floats,
    beside_variant_GM: Floats,
    *,
    paired: bool,
    level: float = 0.05,
) -> Limits:
    """By how much the relative change of each slice's mean exceeds that of another quantity of the
    same members, which may be one for all slices: ``variant / reference − beside_variant /
    beside_reference``.

    Both ratios are linearised in their means (the delta method), so each member has one value, and
    Welch's t (of pairs, the paired t) follows. NaN where a side has fewer than two members, a mean
    of the reference is 0, or nothing varies.
    """
    reference, variant = _rows(reference_GM), _rows(variant_GM)
    own, other = _rows(beside_reference_GM), _rows(beside_variant_GM)
    with np.errstate(divide="ignore", invalid="ignore"):
        before, beside = (
            np.where(mean_G1 > 0, mean_G1, np.nan)
            for mean_G1 in (side.mean(axis=1, keepdims=True) for side in (reference, own))
        )
        ratio = variant.mean(axis=1, keepdims=True) / before
        beside_ratio = other.mean(axis=1, keepdims=True) / beside
        after_GM = variant / before - other / beside
        before_GM = ratio * reference / before - beside_ratio * own / beside
    value = (ratio - beside_ratio)[:, 0]
    square_before, square_after, shared = _squares(before_GM, after_GM, paired)
    spread = square_after - 2 * shared + square_before
    df = _freedom(before_GM, after_GM, np.ones_like(value), paired)
    df = np.where((spread > 0) & np.isfinite(value), df, np.nan)
    half = stdtrit(df, 1 - level / 2) * np.sqrt(spread)
    known = np.where(np.isnan(df), np.nan, value)
    return Limits(known, value - half, value + half, _p(value, spread, df))


def _rows(value: Floats) -> Floats:
    """Of no members, as of one of whom nothing is known."""
    value_GM = np.atleast_2d(np.asarray(value, dtype=np.float64))
    return value_GM if value_GM.shape[1] else np.full((len(value_GM), 1), np.nan)


def _squares(before_GM: Floats, after_GM: Floats, paired: bool) -> tuple[Floats, Floats, Floats]:
    """Squared errors of the two means, and what they have in common where members are paired."""
    square_before, square_after = _squared_error(before_GM), _squared_error(after_GM)
    if not paired:
        return square_before, square_after, np.zeros(len(before_GM))
    away = (before_GM - before_GM.mean(axis=1, keepdims=True)) * (
        after_GM - after_GM.mean(axis=1, keepdims=True)
    )
    pairs = before_GM.shape[1]
    return square_before, square_after, away.sum(axis=1) / max(pairs - 1, 1) / pairs


def _squared_error(value_GM: Floats) -> Floats:
    """NaN for one member, exactly 0 where all agree."""
    members = value_GM.shape[1]
    if members < 2:
        return np.full(len(value_GM), np.nan)
    return np.where(np.ptp(value_GM, axis=1) == 0, 0.0, value_GM.var(axis=1, ddof=1) / members)


def _freedom(before_GM: Floats, after_GM: Floats, ratio_G: Floats, paired: bool) -> Floats:
    """Degrees of freedom of ``after − ratio · before``, NaN where nothing of it varies: of pairs
    that all have this ratio, too."""
    parts = _squared_error(after_GM), ratio_G**2 * _squared_error(before_GM)
    total = parts[0] + parts[1]
    after, before = after_GM.shape[1], before_GM.shape[1]
    if paired:
        away_GM = np.abs(after_GM - ratio_G[:, None] * before_GM)
        total = np.where(away_GM.max(axis=1) <= CLOSE * after_GM.max(axis=1), 0.0, total)
    with np.errstate(divide="ignore", invalid="ignore"):
        welch = total**2 / (parts[0] ** 2 / (after - 1) + parts[1] ** 2 / (before - 1))
    return np.where(total > 0, after - 1.0 if paired else welch, np.nan)


def _p(effect_G: Floats, spread_G: Floats, df_G: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * stdtr(df_G, -np.abs(effect_G) / np.sqrt(spread_G)))
