"""Limits of a sum whose parts vary by themselves, each known with its own degrees of freedom.

Half widths of the parts add in squares (Zou & Donner 2008). One quantile for the whole, at degrees
of freedom that are estimated too (Welch, Satterthwaite), errs where one side has two members and
the other many: if the two happen to lie close, their side looks both small and well known.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from undertow.audit.stats.noisier import ROUNDING, least_freedom

Floats = NDArray[np.floating[Any]]

HALVINGS = 60


class Part(NamedTuple):
    """A squared standard error per row, and its degrees of freedom, ``inf`` where it is known."""

    square_G: Floats
    df: Floats | float


def sides(
    square_ref_G: Floats, square_var_G: Floats, m_ref: int, m_var: int, *, noisier: bool = False
) -> list[Part]:
    """Two sides of members. Of equal size: one part with Welch's degrees of freedom, from the
    sides' mean shares of the variance over the rows, as a row whose noisier side looks calm would
    otherwise get many; where one side is seen to be ``noisier`` on some rows, of which others may
    make up in the mean, ``least_freedom``. Else a part for each. A side of one member is taken to
    vary as the other."""
    total_G = square_ref_G + square_var_G
    if min(m_ref, m_var) < 2:
        return [Part(total_G, max(m_ref, m_var) - 1.0)]
    if m_ref != m_var:
        return [Part(square_ref_G, m_ref - 1.0), Part(square_var_G, m_var - 1.0)]
    if noisier:
        return [Part(total_G, least_freedom(square_ref_G, square_var_G, m_ref))]
    varies_G = total_G > ROUNDING
    share = float(np.mean(square_ref_G[varies_G] / total_G[varies_G])) if varies_G.any() else 0.5
    return [Part(total_G, (m_ref - 1) / (share**2 + (1 - share) ** 2))]


def half_width(parts: list[Part], level: Floats | float) -> Floats:
    """Of the interval of coverage 1 − ``level``."""
    quantile = np.asarray(level) / 2
    squares = [
        (ndtri(quantile) if np.all(np.isinf(part.df)) else stdtrit(part.df, quantile)) ** 2
        * part.square_G
        for part in parts
    ]
    return np.asarray(np.sqrt(np.sum(squares, axis=0)))


def two_sided_p(parts: list[Part], effect_G: Floats) -> Floats:
    """The level at which the interval just reaches 0, by bisection on its logarithm."""
    low_G, high_G = np.full(len(effect_G), -700.0), np.zeros(len(effect_G))
    for _ in range(HALVINGS):
        middle_G = (low_G + high_G) / 2
        excluded_G = np.abs(effect_G) > half_width(parts, np.exp(middle_G))
        low_G, high_G = (
            np.where(excluded_G, low_G, middle_G),
            np.where(excluded_G, middle_G, high_G),
        )
    return np.asarray(np.where(np.isnan(effect_G), np.nan, np.exp(high_G)))
