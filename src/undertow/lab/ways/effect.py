"""Whether a number format reaches a model at all: one that it computes nothing in agrees with the
reference and shows nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from undertow.lab.measurements.operators_called import tensors_in
from undertow.lab.ways.in_torch import InTorch
from undertow.lab.ways.together import Arrays, batches
from undertow.lab.ways.way import Way

NONE: dict[str, str] = {
    "bfloat16": "autocast puts none of its operators into bfloat16",
    "float64": "none of its operators computes in float64",
}
"""By number format, what is said where it changes nothing."""


def without_effect(model: InTorch, way: Way, arrays: Arrays) -> str:
    """Why this way is the reference again, from the operators of the first batch; empty where it is
    not, or is of no number format."""
    if way.precision not in NONE:
        return ""
    row_B, _ = next(batches(way, len(next(iter(arrays.values())))))
    batch = {name: array[row_B] for name, array in arrays.items()}
    wanted = getattr(torch, way.precision)
    with model.asked(way) as ask:
        return "" if wanted in _types_in(lambda: ask(batch), wanted) else NONE[way.precision]


def _types_in(step: Callable[[], object], otherwise: torch.dtype) -> set[torch.dtype]:
    """Number types of all that operators give; a step that fails is told where its answers are
    wanted, so it counts as ``otherwise``."""
    noting = _Noting()
    with noting:
        try:
            step()
        except Exception:
            return {otherwise}
    return noting.types


class _Noting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.types: set[torch.dtype] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        if types:  # Its own way of doing this calls plain operators, which come here again.
            return NotImplemented
        out = func(*args, **(kwargs or {}))
        self.types |= {x.dtype for x in tensors_in((out,))}
        return out
