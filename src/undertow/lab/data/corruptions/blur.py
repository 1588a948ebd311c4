"""Three blurs: by a Gaussian, by a lens out of focus, by a camera that moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve, gaussian_filter

Floats = NDArray[np.floating[Any]]
Generators = Sequence[np.random.Generator]


def gaussian_blur(x_NCHW: Floats, sigma: float, rng_N: Generators = ()) -> Floats:
    """scikit-image's ``gaussian``, which is this filter of SciPy: cut at four deviations, edges
    repeated."""
    blurred: Floats = gaussian_filter(x_NCHW, (0, 0, sigma, sigma), mode="nearest")
    return blurred


def defocus_blur(x_NCHW: Floats, lens: tuple[float, float], rng_N: Generators = ()) -> Floats:
    """A disc as the kernel, smoothed (``disc``); edges mirrored without the last pixel, as OpenCV's
    ``filter2D`` does by default (from memory, high confidence)."""
    blurred: Floats = convolve(x_NCHW, disc(*lens)[None, None], mode="mirror")
    return blurred


def disc(radius: float, smooth: float) -> Floats:
    """Pixels within ``radius`` in equal parts, then a 3 × 3 Gaussian of deviation ``smooth``; its
    sum is 1."""
    reach = int(radius) + 1
    at = np.arange(-reach, reach + 1)
    inside = (at[:, None] ** 2 + at[None] ** 2 <= radius**2).astype(np.float64)
    bell = np.exp(-(np.arange(-1, 2) ** 2) / (2 * smooth**2))
    bell /= bell.sum()
    smoothed: Floats = convolve(inside / inside.sum(), np.outer(bell, bell), mode="constant")
    return smoothed


def motion_blur(x_NCHW: Floats, motion: tuple[int, float], rng_N: Generators) -> Floats:
    """A half Gaussian of deviation ``motion[1]`` along a line from each pixel, at an angle drawn
    from ±45° for each image; edges repeated.

    After ImageMagick's ``MotionBlurImage``, from memory with medium confidence: ``2 · radius + 1``
    taps, places rounded to whole pixels. So the constants of severities 3 and 4, which differ in
    the radius alone, blur alike. Taps with a share below a millionth are left out.
    """
    radius, sigma = motion
    taps = np.arange(2 * radius + 1)
    weight = np.exp(-(taps**2) / (2 * sigma**2))
    taps, weight = taps[weight > 1e-6 * weight.sum()], weight[weight > 1e-6 * weight.sum()]
    weight /= weight.sum()
    angle_N = np.deg2rad([rng.uniform(-45, 45) for rng in rng_N])
    blurred, reach = np.zeros(x_NCHW.shape), int(taps[-1])
    padded = np.pad(x_NCHW, ((0, 0), (0, 0), (reach, reach), (0, reach)), mode="edge")
    H, W = x_NCHW.shape[2:]
    for tap, share in zip(taps.tolist(), weight.tolist(), strict=True):
        ways_N2 = np.stack([np.sin(angle_N), np.cos(angle_N)], axis=1)
        place_N2 = np.ceil(tap * ways_N2 - 0.5).astype(int)
        for down, right in np.unique(place_N2, axis=0).tolist():  # images that see one way together
            rows = np.flatnonzero((place_N2 == (down, right)).all(axis=1))
            seen = padded[rows, :, reach + down : reach + down + H, right : right + W]
            blurred[rows] += share * seen
    return blurred
