"""What time should be: from floating-point operations, bytes and launches. Pure numbers.

T(o) = max(F / P, bytes / bandwidth) + launch for each operator o, summed over them (Williams et
al., 2009). A prediction by operations alone has F / P summed, one by bytes alone bytes / bandwidth;
where the three disagree, who predicts by one of them draws a ticket (2009.06489).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

ABOUT_ONE = math.log(1.1)
"""A predicted gain below 10 % is none that could be realised in part."""


class Shape(NamedTuple):
    """A matrix product (M, K) by (K, N)."""

    M: int
    K: int
    N: int

    @property
    def flops(self) -> float:
        return 2.0 * self.M * self.K * self.N


@dataclass(frozen=True)
class Rate:
    """How fast one number type is multiplied: ``peak`` operations a second, which a product reaches
    half of in each dimension of length ``half`` (Hockney's half-performance length). A kernel that
    brings its weights into another order first needs ``start`` seconds a call, and ``per_weight``
    for each."""

    peak: float
    half: tuple[float, float, float]
    start: float = 0.0
    per_weight: float = 0.0

    def seconds(self, flops: float, shape: Shape | None) -> float:
        """Without a shape, at the peak."""
        if shape is None:
            return flops / self.peak
        lost = (1 + half / max(side, 1) for half, side in zip(self.half, shape, strict=True))
        before = self.start + self.per_weight * shape.K * shape.N
        return before + flops / self.peak * math.prod(lost)


@dataclass(frozen=True)
class Bandwidth:
    """Bytes a second by how many bytes are touched: caches hold what is small. Between measured
    sizes it is interpolated, over logarithms of both."""

    touched: tuple[float, ...]
    per_second: tuple[float, ...]

    @property
    def largest(self) -> float:
        """That of the largest size, which no cache holds."""
        return self.per_second[-1]

    def seconds(self, touched: float) -> float:
        if touched <= 0:
            return 0.0
        found = np.interp(math.log(touched), np.log(self.touched), np.log(self.per_second))
        return touched / math.exp(float(found))


@dataclass(frozen=True)
class Work:
    """What one operator has to do. ``dtype`` is the number type that it multiplies in, ``shape``
    that of its matrix product, None where it is none. ``into``: it writes into memory that is
    there (a copy, an operator in place), and makes no tensor of its own."""

    flops: float
    bytes: float
    dtype: str = "float32"
    shape: Shape | None = None
    launches: int = 1
    into: bool = False


@dataclass(frozen=True)
class Device:
    """What a calibration knows of a device, as far as a prediction needs it. ``launch`` is that of
    an operator which makes its tensor, ``launch_into`` of one that is given its memory; without,
    the same."""

    rates: dict[str, Rate]
    bandwidth: Bandwidth
    launch: float
    launch_into: float | None = None

    def rate(self, dtype: str) -> Rate:
        """That of a number type without a rate of its own is float32's."""
        return self.rates.get(dtype, self.rates["float32"])

    def launches(self, work: Work) -> float:
        """Seconds before and after what an operator does."""
        own = self.launch if self.launch_into is None or not work.into else self.launch_into
        return work.launches * own


class Predicted(NamedTuple):
    """Seconds, three ways."""

    flops: float
    bytes: float
    roofline: float


def predicted(work: Iterable[Work], device: Device) -> Predicted:
    """Seconds of all operators together."""
    flops = touched = whole = 0.0
    for one in work:
        rate = device.rate(one.dtype)
        flops += one.flops / rate.peak
        touched += one.bytes / device.bandwidth.largest
        busy = rate.seconds(one.flops, one.shape), device.bandwidth.seconds(one.bytes)
        whole += max(busy) + device.launches(one)
    return Predicted(flops, touched, whole)


def realised_fraction(predicted: float, realised: float) -> float:
    """(S_real - 1) / (S_pred - 1): 1 where all came true, 0 where nothing did, below 0 where it
    became slower. NaN where hardly any gain or a loss was predicted: nothing over nothing says
    nothing, and a loss that came true is no gain."""
    if not predicted > 0 or math.log(predicted) < ABOUT_ONE:
        return math.nan
    return (realised - 1) / (predicted - 1)


def gap(predicted: float, realised: float) -> float:
    """ln S_pred - ln S_real: 0 where it came true, above 0 for what is missing."""
    if not (predicted > 0 and realised > 0):
        return math.nan
    return math.log(predicted) - math.log(realised)


def break_even(sparsity: float, speedup: float) -> float:
    """The sparsity above which a sparse kernel is faster than the dense one.

    A kernel that is ``speedup`` times as fast at this sparsity reaches eta = (1 - sparsity) ·
    speedup of the dense kernel's operations a second, and pays above 1 - eta if it keeps that rate.
    0 where it pays at any sparsity.
    """
    return max(0.0, 1 - (1 - sparsity) * speedup)
