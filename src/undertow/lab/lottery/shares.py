"""Where a variant's time goes that changes some operators and leaves others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from torch import nn

from undertow.lab.interventions.runtime._modules import kind_of
from undertow.lab.lottery.int4 import Int4Linear
from undertow.lab.lottery.sparse import SparseLinear

Part = Literal["changed", "fallback", "rest"]
"""Operators with weights that run as the variant promises; those that stay as they were; all
else."""


def shares_of_time(
    network: nn.Module, run: Callable[[], object], repeats: int
) -> dict[Part, float]:
    """Of the processor seconds of ``run``, which asks the network, after one call that does not
    count. Each layer is timed as a whole, with what it does around its product."""
    spent: dict[Part, float] = {"changed": 0.0, "fallback": 0.0}
    run()
    begun = time.process_time()
    with _timing(network, spent):
        for _ in range(repeats):
            run()
    whole = time.process_time() - begun
    found: dict[Part, float] = {part: seconds / whole for part, seconds in spent.items()}
    return {**found, "rest": max(0.0, 1 - sum(found.values()))}


def part_of(layer: nn.Module) -> Part | None:
    """None for one without weights of its own that are multiplied. A weight that is no plain
    parameter is a quantized one."""
    if isinstance(layer, Int4Linear | SparseLinear) or hasattr(layer, "_packed_params"):
        return "changed"  # torch's own quantized layers have packed ones
    if kind_of(layer) is None:
        return None
    weight = getattr(layer, "weight", None)  # recurrent layers call theirs otherwise
    return "fallback" if weight is None or type(weight) is nn.Parameter else "changed"


@contextmanager
def _timing(network: nn.Module, spent: dict[Part, float]) -> Iterator[None]:
    begun: list[float] = []

    def before(layer: nn.Module, given: Any) -> None:
        begun.append(time.process_time())

    def after(layer: nn.Module, given: Any, made: Any) -> None:
        part = part_of(layer)
        assert part is not None
        spent[part] += time.process_time() - begun.pop()

    layers = [layer for layer in network.modules() if part_of(layer) is not None]
    hooks = [
        hook
        for layer in layers
        for hook in (
            layer.register_forward_pre_hook(before),
            layer.register_forward_hook(after),
        )
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
