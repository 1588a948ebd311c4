"""Which slices moved: a studentised permutation test over members, corrected over slices by
Westfall & Young's max-T.

The statistic is Welch's t (paired: the mean difference over its standard error), so that
populations of unequal spread do not raise false alarms (Janssen 1997; Chung & Romano 2013), on the
scale of a normal deviate: what a t is worth depends on its degrees of freedom, which differ between
arrangements where a few members are noisier than many. The maximum over slices is taken within each
arrangement, so that slices which share members or examples are not corrected as if they were
independent.

Where the sides differ in size, or one is seen to be noisier on some slices (``noisier``), members
that are exchanged are a mixture that neither side is, and rearrangements alone err too often at few
members (8 against 8 of three times the spread: in .070 of 6,000 null audits); there p and interval
must also hold by Student's t with Bonferroni. Where no rearrangement can reach the level (3 + 3
members, 5 pairs), Student's t decides alone, and assumes that members spread normally.

Single-step, not step-down: every slice is compared with the maximum over *all* slices. That costs a
little power beyond the first rejection, and buys intervals that say exactly what the adjusted p
values say: 0 lies outside [low, high] if and only if ``p_adjusted <= level``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from undertow.audit.stats.arrangements import Arrangements, smallest_p
from undertow.audit.stats.combined import Part, half_width, sides, two_sided_p
from undertow.audit.stats.noisier import BLOCK, CLOSE, ROUNDING, seen_noisier

Floats = NDArray[np.floating[Any]]


class MaxT(NamedTuple):
    """Per slice; [low, high] are simultaneous. ``resolves`` is False where no arrangement can reach
    the level."""

    effect_G: Floats
    se_G: Floats
    t_G: Floats
    df_G: Floats
    p_G: Floats
    p_adjusted_G: Floats
    low_G: Floats
    high_G: Floats
    floor_G: Floats
    floor_low_G: Floats
    floor_high_G: Floats
    resolves: bool


class _Drawn(NamedTuple):
    """Effects and the two sides' squared standard errors under every arrangement; of pairs all is
    on one side."""

    effect_DG: Floats
    square_ref_DG: Floats
    square_var_DG: Floats


def max_t(
    value_GM: Floats,
    m_ref: int,
    arrangements: Arrangements,
    *,
    level: float,
    resolution_G: Floats | None = None,
) -> MaxT:
    """Test every slice of (G, M) member values, reference members first, over the arrangements.

    ``resolution_G`` is the smallest step that each slice's value can take, 1/n where n examples are
    right or wrong (``resolution.step_of`` for others). No
    member's value is taken as known better than half a step: the standard error is at least that of
    members with a spread of ``resolution/2``. Without such a bound a slice of a few examples has no
    spread at all in some arrangements, its t is unbounded there, and the maximum drowns every other
    slice. The bound depends on no arrangement, so the test stays exact; slices of ordinary size are
    untouched. Without ``resolution_G`` only rounding is guarded against.

    Degrees of freedom are Welch's, with the two sides' shares of the variance averaged over the
    slices: a slice whose noisier side happens to look calm would otherwise get a small error and
    many degrees of freedom at once.

    A slice with a NaN is NaN throughout and takes no part in the maximum. A side of one member has
    no spread of its own: both sides then share a pooled variance.
    """
    value_GM = np.asarray(value_GM, dtype=np.float64)
    slices, members = value_GM.shape
    out = {name: np.full(slices, np.nan) for name in MaxT._fields[:-1]}
    kept = np.flatnonzero(~np.isnan(value_GM).any(axis=1))
    blocks = [kept[start : start + BLOCK] for start in range(0, len(kept), BLOCK)]
    centred_GM = value_GM - value_GM.mean(axis=1, keepdims=True)
    df_D = _freedom(
        [_draw(centred_GM[index], m_ref, arrangements) for index in blocks], m_ref, arrangements
    )
    floor_G = _spread_floor(value_GM, m_ref, resolution_G)
    largest_D = np.zeros(len(arrangements.is_reference_DM))
    for index in blocks:
        drawn = _draw(centred_GM[index], m_ref, arrangements)
        largest_D = np.maximum(largest_D, _one_block(out, index, drawn, floor_G[index], df_D))
        _fill_floor(
            out,
            index,
            _draw(_residual(value_GM[index], m_ref), m_ref, arrangements).effect_DG,
            level,
        )
    # Where rearrangements hardly change anything, all members being alike on every slice, the
    # largest of them is next to 0: no limit lies nearer than one slice's normal one.
    size_K = np.abs(deviate(out["t_G"][kept], out["df_G"][kept]))
    least_K = 2 * ndtr(-size_K)
    floored_K = out["se_G"][kept] ** 2 <= floor_G[kept]
    out["p_G"][kept] = np.where(floored_K, np.maximum(out["p_G"][kept], least_K), out["p_G"][kept])
    out["p_adjusted_G"][kept] = np.maximum(share_at_least(largest_D, size_K), least_K)
    critical = max(critical_value(largest_D, level), -float(ndtri(level / 2)))
    resolves = smallest_p(m_ref, members - m_ref, paired=arrangements.paired) <= level
    half_G = t_of(critical, out["df_G"]) * out["se_G"] * (1 + CLOSE)
    noisier = not arrangements.paired and seen_noisier(value_GM[:, :m_ref], value_GM[:, m_ref:])
    if not resolves or 2 * m_ref != members or noisier:
        known = out["se_G"], floor_G, df_D[0, 0]
        parts = _parts(centred_GM, m_ref, arrangements, *known, noisier=noisier)
        half_G = _by_student(out, half_G, parts, len(kept), level, alone=not resolves)
    out["low_G"], out["high_G"] = out["effect_G"] - half_G, out["effect_G"] + half_G
    return MaxT(**out, resolves=resolves)


def _parts(
    value_GM: Floats,
    m_ref: int,
    arrangements: Arrangements,
    se_G: Floats,
    floor_G: Floats,
    df: float,
    *,
    noisier: bool,
) -> list[Part]:
    """What the observed sides vary by, none by less than the resolution."""
    m_var = value_GM.shape[1] - m_ref
    if arrangements.paired or min(m_ref, m_var) < 2:
        return [Part(se_G**2, df)]
    drawn = _draw_sides(value_GM, m_ref, arrangements.is_reference_DM[:1])
    # The floor is of members with one spread, so the smaller side has more of it.
    own_G = floor_G / (m_ref + m_var)
    squares = (
        np.maximum(drawn.square_ref_DG[0], own_G * m_var),
        np.maximum(drawn.square_var_DG[0], own_G * m_ref),
    )
    return sides(*squares, m_ref, m_var, noisier=noisier)


def _by_student(
    out: dict[str, Floats],
    half_G: Floats,
    parts: list[Part],
    family: int,
    level: float,
    *,
    alone: bool,
) -> Floats:
    """Student's p in place of the rearrangements', or the larger of both; returns the half width
    that goes with it."""
    p_G = two_sided_p(parts, out["effect_G"])
    p_G = np.where(np.isnan(out["se_G"]), np.nan, p_G)
    student = {"p_G": p_G, "p_adjusted_G": np.minimum(1.0, p_G * max(family, 1))}
    student_G = half_width(parts, level / max(family, 1))
    for name, value_G in student.items():
        out[name] = value_G if alone else np.maximum(value_G, out[name])
    return np.asarray(student_G if alone else np.maximum(student_G, half_G))


def deviate(t: Floats, df: Floats) -> Floats:
    """About the normal deviate with the tail of |t| at these degrees of freedom (Wallace 1959), up
    to t = 4 to 1.5 % at two of them and to .2 % at twelve. It only ranks t of unlike degrees of
    freedom: no p rests on the tail."""
    bend = (8 * df + 1) / (8 * df + 3)
    return np.asarray(bend * np.sqrt(df * np.log1p(t**2 / df)))


def t_of(deviate: float, df: Floats) -> Floats:
    """The inverse: Student's t of a normal deviate; infinite where it is beyond all floats."""
    bend = (8 * df + 1) / (8 * df + 3)
    with np.errstate(over="ignore"):
        return np.asarray(np.sqrt(df * np.expm1((deviate / bend) ** 2 / df)))


def critical_value(largest_D: Floats, level: float) -> float:
    """The value that an observed statistic must exceed so that at most ``level`` of all draws reach
    it."""
    allowed = int(np.floor(level * len(largest_D) * (1 + 1e-12)))
    return float(np.sort(largest_D)[::-1][min(allowed, len(largest_D) - 1)])


def share_at_least(largest_D: Floats, size_G: Floats) -> Floats:
    """Share of draws whose maximum is at least each size, ties (up to rounding) counted."""
    bound_G = size_G - CLOSE * np.maximum(np.abs(size_G), CLOSE)
    reached_G = len(largest_D) - np.searchsorted(np.sort(largest_D), bound_G, side="left")
    # A quotient of counts: 1 minus one would put 25 of 500 just above .05.
    share_G: Floats = np.asarray(reached_G / len(largest_D))
    return share_G


def _spread_floor(value_GM: Floats, m_ref: int, resolution_G: Floats | None) -> Floats:
    """The smallest squared standard error of each slice."""
    if resolution_G is None:
        step_G = 1e-9 * np.maximum(np.abs(value_GM).max(axis=1, initial=0.0), 1e-30)
    else:
        step_G = np.asarray(resolution_G, dtype=np.float64) / 2
    smallest_G: Floats = step_G**2 * (1 / m_ref + 1 / (value_GM.shape[1] - m_ref))
    return smallest_G


def _freedom(drawn: list[_Drawn], m_ref: int, arrangements: Arrangements) -> Floats:
    """Degrees of freedom of each arrangement, (D, 1): Welch's, from the sides' average shares of
    the variance."""
    members = arrangements.is_reference_DM.shape[1]
    m_var = members - m_ref
    draws = len(arrangements.is_reference_DM)
    if arrangements.paired:
        return np.full((draws, 1), m_ref - 1.0)
    if min(m_ref, m_var) < 2:
        return np.full((draws, 1), members - 2.0)
    total_D, slices_D = np.zeros(draws), np.zeros(draws)
    for _, ref_DG, var_DG in drawn:
        varies_DG = ref_DG + var_DG > ROUNDING
        share_DG = np.divide(ref_DG, ref_DG + var_DG, out=np.zeros_like(ref_DG), where=varies_DG)
        total_D, slices_D = total_D + share_DG.sum(axis=1), slices_D + varies_DG.sum(axis=1)
    # Where nothing varies the resolution is all there is, and it is known of both sides alike.
    share_D = np.divide(total_D, slices_D, out=np.full(draws, m_var / members), where=slices_D > 0)
    return np.asarray(1 / (share_D**2 / (m_ref - 1) + (1 - share_D) ** 2 / (m_var - 1)))[:, None]


def _one_block(
    out: dict[str, Floats], index: NDArray[np.intp], drawn: _Drawn, floor_G: Floats, df_D1: Floats
) -> Floats:
    """Fill in a block of slices; returns each draw's largest deviate."""
    se_DG = np.sqrt(np.maximum(drawn.square_ref_DG + drawn.square_var_DG, floor_G))
    t_DG = drawn.effect_DG / se_DG
    known = df_D1[0, 0] > 0
    out["effect_G"][index] = drawn.effect_DG[0]
    out["se_G"][index] = se_DG[0] if known else np.nan
    out["t_G"][index] = t_DG[0]
    out["df_G"][index] = df_D1[0, 0] if known else np.nan
    size_DG = deviate(t_DG, df_D1) if known else np.abs(t_DG)
    out["p_G"][index] = (size_DG >= size_DG[0] - CLOSE * np.maximum(size_DG[0], CLOSE)).mean(axis=0)
    return np.asarray(size_DG.max(axis=1))


def _residual(value_GM: Floats, m_ref: int) -> Floats:
    """Each member's distance from its own side's mean: what is left when the shift itself is taken
    away."""
    sides = (value_GM[:, :m_ref], value_GM[:, m_ref:])
    return np.hstack([side_GM - side_GM.mean(axis=1, keepdims=True) for side_GM in sides])


def _fill_floor(
    out: dict[str, Floats], index: NDArray[np.intp], effect_DG: Floats, level: float
) -> None:
    """Effects that exchanging members gives when no shift separates the sides.

    Exchanging the values as they are would put the shift itself into the floor: the larger the
    damage, the wider the band it is shown against. The test does not suffer from that, since its
    statistic is studentised; the band would.
    """
    out["floor_G"][index] = effect_DG.mean(axis=0)
    limits = np.quantile(effect_DG, [level / 2, 1 - level / 2], axis=0)
    out["floor_low_G"][index], out["floor_high_G"][index] = limits


def _draw(value_GM: Floats, m_ref: int, arrangements: Arrangements) -> _Drawn:
    if arrangements.paired:
        return _draw_pairs(
            value_GM[:, m_ref:] - value_GM[:, :m_ref], arrangements.is_reference_DM[:, :m_ref]
        )
    return _draw_sides(value_GM, m_ref, arrangements.is_reference_DM)


def _draw_pairs(change_GP: Floats, stays_DP: NDArray[np.bool_]) -> _Drawn:
    pairs = change_GP.shape[1]
    effect_DG = np.where(stays_DP, 1.0, -1.0) @ change_GP.T / pairs
    if pairs < 2:
        return _Drawn(effect_DG, np.ones_like(effect_DG), np.zeros_like(effect_DG))
    # A swap changes the sign of a difference, so the sum of squares is the same in every draw.
    square_DG = (
        np.maximum((change_GP**2).sum(axis=1) - pairs * effect_DG**2, 0) / (pairs - 1) / pairs
    )
    return _Drawn(effect_DG, square_DG, np.zeros_like(square_DG))


def _draw_sides(value_GM: Floats, m_ref: int, is_reference_DM: NDArray[np.bool_]) -> _Drawn:
    """Sums and sums of squares of the reference side are matrix products; the other side is what is
    left."""
    m_var = value_GM.shape[1] - m_ref
    side_DM = is_reference_DM.astype(np.float64)
    square_GM = value_GM**2
    mean_ref_DG = side_DM @ value_GM.T / m_ref
    mean_var_DG = (value_GM.sum(axis=1) - m_ref * mean_ref_DG) / m_var
    around_ref_DG = side_DM @ square_GM.T
    around_var_DG = np.maximum(square_GM.sum(axis=1) - around_ref_DG - m_var * mean_var_DG**2, 0)
    around_ref_DG = np.maximum(around_ref_DG - m_ref * mean_ref_DG**2, 0)
    effect_DG = mean_var_DG - mean_ref_DG
    if m_ref + m_var < 3:
        return _Drawn(effect_DG, np.ones_like(effect_DG), np.zeros_like(effect_DG))
    if min(m_ref, m_var) < 2:
        pooled_DG = (around_ref_DG + around_var_DG) / (m_ref + m_var - 2)
        return _Drawn(effect_DG, pooled_DG / m_ref, pooled_DG / m_var)
    return _Drawn(
        effect_DG, around_ref_DG / (m_ref - 1) / m_ref, around_var_DG / (m_var - 1) / m_var
    )
