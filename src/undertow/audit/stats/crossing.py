"""Where falling functions cross 0, many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

RESOLUTION = 2 * float(np.finfo(np.float64).eps)
"""Of a crossing, as a share of it; near 0 as a share of this share."""
PATIENCE = 3
"""Steps in which the bracket has to shrink to half, else it is halved."""
STEPS = 500
"""More than any crossing takes in a bracket of 1e6 or less: ten or so is usual, ``PATIENCE`` + 1
for each halving down to the resolution the most."""


def crossing(falling: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    """The crossing of each function between ``low`` and ``high``, to the last bits, by
    Chandrupatla's (1997) method: halving, or inverse quadratic interpolation where it is sure to be
    better.

    An end at which a function is on the wrong side of 0 already is its crossing. Raises
    ``ArithmeticError`` where no bracket that is narrow enough is found.
    """
    with np.errstate(all="ignore"):
        newest, value = low, _at_least(falling(low), 1)
        other, value_other = high, _at_least(falling(high), -1)
        share: Floats | float = 0.5
        widths = [np.full(np.shape(low), np.inf)] * PATIENCE
        for _ in range(STEPS):
            widths = [*widths[1:], np.abs(other - newest)]
            point = newest + share * (other - newest)
            found = falling(point)
            same = (found > 0) == (value > 0)
            left, value_left = np.where(same, newest, other), np.where(same, value, value_other)
            other = np.where(same, other, newest)
            value_other = np.where(same, value_other, value)
            newest, value = point, found
            width = np.abs(other - newest)
            least = RESOLUTION * np.maximum(np.abs(point), RESOLUTION) / width
            if not (least < 0.5).any():
                return np.asarray((newest + other) / 2)
            share = _interpolated(newest, other, left, value, value_other, value_left)
            share = np.clip(share, np.minimum(least, 0.5), np.maximum(1 - least, 0.5))
            # Interpolation may creep to the crossing from one side by the least step.
            share = np.where(width > widths[0] / 2, 0.5, share)
    raise ArithmeticError(
        f"no crossing within {STEPS} steps: {int((least < 0.5).sum())} of {least.size} brackets "
        f"are still wide, the widest {float(np.nanmax(width)):g}"
    )


def _at_least(value: Floats, sign: int) -> Floats:
    """The value at an end, infinite where it is on the wrong side of 0."""
    return np.asarray(np.where((value > 0) == (sign > 0), value, sign * np.inf))


def _interpolated(a: Floats, b: Floats, c: Floats, at_a: Floats, at_b: Floats, at_c: Floats) -> Any:
    """How far from a to b the function crosses 0; half where that cannot be told."""
    place, height = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
    sure = (height**2 < place) & ((1 - height) ** 2 < 1 - place)
    near = at_a / (at_b - at_a) * at_c / (at_b - at_c)
    far = at_a / (at_c - at_a) * at_b / (at_c - at_b)
    quadratic = near + (c - a) / (b - a) * far
    return np.where(sure & np.isfinite(quadratic), quadratic, 0.5)
