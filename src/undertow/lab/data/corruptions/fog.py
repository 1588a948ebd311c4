"""Fog: a cloud by the diamond-square algorithm, laid over the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def fog(
    x_NCHW: Floats, thickness: tuple[float, float], rng_N: Sequence[np.random.Generator]
) -> Floats:
    """``(x + c · cloud) · m / (m + c)``, m being the image's largest value, so that it does not
    grow brighter than it was; a cloud of its own for each image, the same in all channels."""
    amount, decay = thickness
    H, W = x_NCHW.shape[2:]
    side = 1 << max((max(H, W) - 1).bit_length(), 1)  # a single point is no cloud
    cloud_NHW = clouds(side, decay, rng_N)[:, :H, :W]
    most_N111 = x_NCHW.max(axis=(1, 2, 3), keepdims=True)
    thick_NCHW = x_NCHW + amount * cloud_NHW[:, None]
    return np.asarray(thick_NCHW * most_N111 / (most_N111 + amount))


def clouds(side: int, decay: float, rng_N: Sequence[np.random.Generator]) -> Floats:
    """One height map per generator, (N, side, side), 0 at its lowest and 1 at its highest point.

    Diamond-square on a torus: between points that are known lie their means, plus a wobble that is
    divided by ``decay`` with each halving. As in the published code a mean is the sum of four over
    4, and the wobble its own square.
    """
    height_NHW = np.zeros((len(rng_N), side, side))
    step, wobble = side, 100.0
    while step >= 2:
        half, reach = step // 2, wobble**2
        corner, middle = slice(0, side, step), slice(half, side, step)
        known = height_NHW[:, corner, corner]
        below = known + np.roll(known, -1, axis=1)
        around = below + np.roll(below, -1, axis=2)
        height_NHW[:, middle, middle] = around / 4 + _drawn(rng_N, reach, around.shape[1:])
        centre = height_NHW[:, middle, middle]
        right = known + np.roll(known, -1, axis=2) + centre + np.roll(centre, 1, axis=1)
        down = known + np.roll(known, -1, axis=1) + centre + np.roll(centre, 1, axis=2)
        height_NHW[:, corner, middle] = right / 4 + _drawn(rng_N, reach, right.shape[1:])
        height_NHW[:, middle, corner] = down / 4 + _drawn(rng_N, reach, down.shape[1:])
        step, wobble = half, wobble / decay
    height_NHW -= height_NHW.min(axis=(1, 2), keepdims=True)
    return np.asarray(height_NHW / height_NHW.max(axis=(1, 2), keepdims=True))


def _drawn(rng_N: Sequence[np.random.Generator], reach: float, shape_HW: tuple[int, ...]) -> Floats:
    return np.stack([rng.uniform(-reach, reach, shape_HW) for rng in rng_N])
