"""Which examples are asked together, and how far they are padded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.lab.ways.way import Way

Arrays = Mapping[str, NDArray[Any]]
"""What a model is given, by name; the first axis is that of examples."""
Ask = Callable[[Arrays], NDArray[Any]]
"""A batch of inputs to a row of outputs for each example."""
Side = Literal["right", "left"]
OTHERS = 0
"""Seed of the other examples that a batch is filled up with."""


class PadAxis(NamedTuple):
    """An axis of an input that may be longer, and what fills it up. Axis 0 is that of examples."""

    name: str
    axis: int
    value: float = 0
    side: Side = "right"


def answers(way: Way, arrays: Arrays, pads: Sequence[PadAxis], ask: Ask) -> NDArray[Any]:
    """(N, C): what the model says to each example, in their own order."""
    found: NDArray[Any] | None = None
    arrays = {name: padded(array, name, way.padded, pads) for name, array in arrays.items()}
    for row_B, kept in batches(way, len(next(iter(arrays.values())))):
        answer_BC = ask({name: array[row_B] for name, array in arrays.items()})
        if found is None:
            found = np.empty((_count(arrays), answer_BC.shape[1]), dtype=answer_BC.dtype)
        found[row_B[:kept]] = answer_BC[:kept]
    assert found is not None
    return found


def _count(arrays: Arrays) -> int:
    return len(next(iter(arrays.values())))


def batches(way: Way, n: int) -> Iterator[tuple[NDArray[np.intp], int]]:
    """Rows (B,) of each batch, and how many of them, from the first on, are asked for."""
    order_N = np.arange(n)
    if way.shuffled is not None:
        order_N = np.random.default_rng(way.shuffled).permutation(n)
    size = max(1, way.batch // 2) if way.filled else way.batch
    others = np.random.default_rng(OTHERS)
    for start in range(0, n, size):
        row_B = order_N[start : start + size]
        more = way.batch - len(row_B) if way.filled else 0
        yield np.concatenate([row_B, others.integers(0, n, more)]), len(row_B)


def padded(array: NDArray[Any], name: str, by: int, pads: Sequence[PadAxis]) -> NDArray[Any]:
    """The array with ``by`` places more on each of its axes that may be longer."""
    for pad in pads:
        if by and pad.name == name:
            ends = [(0, 0)] * array.ndim
            ends[pad.axis] = (by, 0) if pad.side == "left" else (0, by)
            array = np.pad(array, ends, constant_values=pad.value)
    return array
