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


def together(*sides_DU: Floats) -> float:
    """How much the sum of sides, each a mean over its units, varies with the test examples beyond
    what each unit varies by for itself: over draws of examples (D, U), the variance less that of
    units' own parts. What is subtracted comes with its sign in its values. At least 0; NaN where a
    side has one unit."""
    mean_D = np.sum([side_DU.mean(axis=1) for side_DU in sides_DU], axis=0)
    own = float(sum(_own(side_DU) / side_DU.shape[1] for side_DU in sides_DU))
    shared = float(mean_D.var(ddof=1)) - own
    return shared if np.isnan(shared) else max(shared, 0.0)


def half_of(members: list[Part], examples: float, level: float = LEVEL) -> float:
    """Half the width of the limits, of coverage 1 − ``level``."""
    return float(half_width([*members, Part(np.array([examples]), np.inf)], level)[0])


def _square(value_U: Floats, step: float) -> Floats:
    units = len(value_U)
    spread = max(float(value_U.var(ddof=1)), (step / 2) ** 2) if units > 1 else float("nan")
    return np.array([spread / units])


def _own(value_DU: Floats) -> float:
    """Variance of a unit over draws less the covariance of two, means over units."""
    units = value_DU.shape[1]
    if units < 2:
        return float("nan")
    each = value_DU.var(axis=0, ddof=1).sum()
    both = (value_DU.sum(axis=1).var(ddof=1) - each) / (units * (units - 1))
    return float(each / units - both)
