"""Four kinds of noise, independent in every pixel and channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Generators = Sequence[np.random.Generator]


def gaussian_noise(x_NCHW: Floats, sigma: float, rng_N: Generators) -> Floats:
    """``x + sigma · z``, z standard normal: mean x and variance sigma² before clipping."""
    return x_NCHW + sigma * _normal(x_NCHW, rng_N)


def speckle_noise(x_NCHW: Floats, sigma: float, rng_N: Generators) -> Floats:
    """``x + x · sigma · z``: mean x, variance sigma² x²; black stays black."""
    return x_NCHW + x_NCHW * sigma * _normal(x_NCHW, rng_N)


def shot_noise(x_NCHW: Floats, photons: float, rng_N: Generators) -> Floats:
    """``Poisson(photons · x) / photons``: mean x, variance x / photons; black stays black."""
    drawn = [rng.poisson(photons * x_CHW) for rng, x_CHW in zip(rng_N, x_NCHW, strict=True)]
    return np.stack(drawn) / photons


def impulse_noise(x_NCHW: Floats, amount: float, rng_N: Generators) -> Floats:
    """Salt and pepper: each value becomes 1 or 0 with probability ``amount / 2`` each."""
    shape_CHW = x_NCHW.shape[1:]
    u_NCHW = _stacked(rng_N, lambda rng: rng.random(shape_CHW))
    return np.where(u_NCHW < amount / 2, 0.0, np.where(u_NCHW < amount, 1.0, x_NCHW))


def _normal(x_NCHW: Floats, rng_N: Generators) -> Floats:
    shape_CHW = x_NCHW.shape[1:]
    return _stacked(rng_N, lambda rng: rng.standard_normal(shape_CHW))


def _stacked(rng_N: Generators, drawn: Callable[[np.random.Generator], Floats]) -> Floats:
    return np.stack([drawn(rng) for rng in rng_N])
