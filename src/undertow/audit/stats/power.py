"""How many members would tell, and what the members at hand could have told: for the verdict "too
small to tell"."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

MOST = 1_000_000
"""Nobody trains more members than this; the search ends here."""


def detectable(
    sd_ref: ArrayLike,
    sd_var: ArrayLike,
    m_ref: int,
    m_var: int,
    level: float = 0.05,
    power: float = 0.8,
) -> Any:
    """The smallest true effect that Welch's two-sided test finds with this power. Vectorised over
    the deviations.

    (t at the level + t at the power) · standard error, with Welch's degrees of freedom: within a
    few per cent of the noncentral t from five members on. NaN where a side has one member.
    """
    sd_ref, sd_var = np.asarray(sd_ref, dtype=np.float64), np.asarray(sd_var, dtype=np.float64)
    if min(m_ref, m_var) < 2:
        return np.full(np.broadcast_shapes(sd_ref.shape, sd_var.shape), np.nan)[()]
    square_ref, square_var = sd_ref**2 / m_ref, sd_var**2 / m_var
    square = square_ref + square_var
    weight = square_ref**2 / (m_ref - 1) + square_var**2 / (m_var - 1)
    df = np.divide(
        square**2, weight, out=np.full_like(square, m_ref + m_var - 2.0), where=weight > 0
    )
    # Student's quantiles themselves: the checks around them in scipy.stats cost ten times as much,
    # for every slice.
    return (-(stdtrit(df, level / 2) + stdtrit(df, 1 - power)) * np.sqrt(square))[()]


def members_for(
    effect: float, sd_ref: float, sd_var: float, *, level: float = 0.05, power: float = 0.8
) -> int:
    """Members a side that tell ``effect`` (any sign) with this power, at least 2.

    For paired members give the deviation of the differences as ``sd_ref`` and 0 as ``sd_var``. For
    a family of slices give the level of one of them. Raises ``ValueError`` where no number of
    members could tell.
    """
    if not np.isfinite([effect, sd_ref, sd_var]).all() or effect == 0:
        raise ValueError(
            f"effect {effect} with deviations {sd_ref} and {sd_var}: no number of "
            "members could tell"
        )

    def tells(members: int) -> bool:
        return bool(detectable(sd_ref, sd_var, members, members, level, power) <= abs(effect))

    high = 2
    while not tells(high):
        high *= 2
        if high > MOST:
            return MOST
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if tells(middle) else (middle, high)
    return max(high, 2)
