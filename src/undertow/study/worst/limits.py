"""How far a mean over units may be off, when members and test examples are both samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.stats.combined import Part, half_width, sides

Floats = NDArray[np.floating[Any]]

LEVEL = 0.05


def vary(step: float, first_U: Floats, second_U: Floats | None = None) -> list[Part]:
    """What units vary by: of a mean, or of the difference of two independent ones. Units that agree
    are taken to vary by half a ``step``, the least by which one answer moves them. NaN where a side
    has one unit, which tells nothing."""
    square = _square(first_U, step)
    if second_U is None:
        return [Part(square, max(len(first_U) - 1.0, 1.0))]
    other = _square(second_U, step)
    if np.isnan(square + other).any():
        return [Part(square + other, 1.0)]
    return sides(square, other, len(first_U), len(second_U))


def together(first_DU: Floats, second_DU: Floats | None = None) -> float:
    """How much a mean over units, or the difference of two, varies with the test examples beyond
    what each unit varies by for itself: the covariance of two units over draws of examples (D, U).
    At least 0; NaN where a side has one unit."""
    shared = _covariance(first_DU)
    if second_DU is not None:
        means_2D = np.stack([first_DU.mean(axis=1), second_DU.mean(axis=1)])
        shared += _covariance(second_DU) - 2 * float(np.cov(means_2D)[0, 1])
    return shared if np.isnan(shared) else max(shared, 0.0)


def half_of(members: list[Part], examples: float, level: float = LEVEL) -> float:
    """Half the width of the limits, of coverage 1 − ``level``."""
    return float(half_width([*members, Part(np.array([examples]), np.inf)], level)[0])


def _square(value_U: Floats, step: float) -> Floats:
    units = len(value_U)
    spread = max(float(value_U.var(ddof=1)), (step / 2) ** 2) if units > 1 else float("nan")
    return np.array([spread / units])


def _covariance(value_DU: Floats) -> float:
    """Mean over any two units."""
    units = value_DU.shape[1]
    if units < 2:
        return float("nan")
    whole = value_DU.sum(axis=1).var(ddof=1)
    return float((whole - value_DU.var(axis=0, ddof=1).sum()) / (units * (units - 1)))
