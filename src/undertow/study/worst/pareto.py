"""Points in the plane of which more is better in both: those that no other beats, and the area that
they cover."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def dominated(points_P2: Floats) -> NDArray[np.bool_]:
    """Whether another point has as much of both and more of one (P)."""
    at_least_PP = np.all(points_P2[None] >= points_P2[:, None], axis=2)
    more_PP = np.any(points_P2[None] > points_P2[:, None], axis=2)
    return np.asarray(np.any(at_least_PP & more_PP, axis=1), dtype=np.bool_)


def hypervolume(points_P2: Floats, reference: tuple[float, float]) -> float:
    """Area between the reference point and the front, of what lies above it in both."""
    place, above_K2 = _steps(points_P2, reference)
    width_K = np.diff(above_K2[:, 0], prepend=0.0)
    return float(width_K @ above_K2[:, 1]) if len(place) else 0.0


def slopes(points_P2: Floats, reference: tuple[float, float]) -> Floats:
    """How much the area grows with each coordinate of each point (P, 2): the lengths of the front's
    edges; 0 for a point that is not on it."""
    found_P2 = np.zeros_like(points_P2)
    place_K, above_K2 = _steps(points_P2, reference)
    found_P2[place_K, 0] = above_K2[:, 1] - np.append(above_K2[1:, 1], 0.0)[: len(place_K)]
    found_P2[place_K, 1] = np.diff(above_K2[:, 0], prepend=0.0)
    return found_P2


def _steps(points_P2: Floats, reference: tuple[float, float]) -> tuple[NDArray[np.intp], Floats]:
    """Which points are on the front, by rising first coordinate, and how far above the reference;
    of equal points one."""
    above_P2 = points_P2 - np.asarray(reference)
    kept, highest = [], 0.0
    for p in np.lexsort((above_P2[:, 1], above_P2[:, 0]))[::-1]:
        if above_P2[p, 0] > 0 and above_P2[p, 1] > highest:
            kept.append(p)
            highest = above_P2[p, 1]
    place_K = np.array(kept[::-1], dtype=np.intp)
    return place_K, above_P2[place_K]


def staircase(choosing_P2: Floats, measuring_P2: Floats, reference: tuple[float, float]) -> float:
    """As hypervolume, of points and in an order that were chosen elsewhere."""
    place_K, _ = _steps(choosing_P2, reference)
    above_K2 = measuring_P2[place_K] - np.asarray(reference)
    return float(np.diff(above_K2[:, 0], prepend=0.0) @ above_K2[:, 1]) if len(place_K) else 0.0
