"""What a variant promises of a network's operators: what somebody who counts operations or bytes
expects, whatever kernels there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from undertow.lab.measurements.operator_costs import Cost, Kind
from undertow.lab.measurements.roofline import Work

WEIGHTED: frozenset[Kind] = frozenset({"linear", "convolution"})
LINEAR: frozenset[Kind] = frozenset({"linear"})


@dataclass(frozen=True)
class Ideal:
    """``density`` is the share of multiplications that is left in operators of these ``kinds``,
    ``stored`` the bytes of their weights as a multiple of float32's, ``activations`` those of all
    other numbers. ``fused`` promises that operators on each number cost nothing beside the one
    before them."""

    kinds: frozenset[Kind] = WEIGHTED
    density: float = 1.0
    stored: float = 1.0
    activations: float = 1.0
    dtype: str = "float32"
    fused: bool = False


FUSED = Ideal(fused=True)
"""Of an engine in float32."""
DYNAMIC = Ideal(stored=0.25, dtype="int8", fused=True)
"""Of an engine whose products alone are int8."""
STATIC = Ideal(stored=0.25, activations=0.25, dtype="int8", fused=True)
"""Of an engine in which all is int8."""


def promised(costs: Iterable[Cost], ideal: Ideal) -> list[Work]:
    """The network's operators as they would be if the promise were kept."""
    return [_work(cost, ideal) for cost in costs]


def _work(cost: Cost, ideal: Ideal) -> Work:
    if ideal.fused and cost.kind == "pointwise":
        return Work(cost.flops, 0, launches=0)
    rest = (cost.touched - cost.weights) * ideal.activations
    if cost.kind not in ideal.kinds:
        return Work(cost.flops, cost.weights + rest, "float32", cost.shape, into=cost.into)
    return Work(
        cost.flops * ideal.density, cost.weights * ideal.stored + rest, ideal.dtype, cost.shape,
        into=cost.into,
    )  # fmt: skip
