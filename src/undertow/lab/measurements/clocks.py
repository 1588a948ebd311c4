"""Seconds of calls, warm and repeated, on two clocks."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Call = Callable[[], object]
LONG_ENOUGH = 1e-3
"""Seconds that one reading of the clocks lasts at least: a call that is shorter is repeated within,
so that reading them costs nothing beside it."""
QUIET = 0.95
"""The share of the wall's seconds that the processor worked, from which on a machine is quiet."""


@dataclass(frozen=True)
class Reading:
    """Seconds of one call, the mean over those within one reading: on the wall's clock, and those
    in which this process worked on a processor, all its threads together."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Timed:
    """The medians over all readings of one process."""

    wall: float
    processor: float
    readings: int


def reading(call: Call, times: int) -> Reading:
    """One reading of ``times`` calls."""
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(times):
        call()
    worked = time.process_time() - processor
    return Reading((time.perf_counter() - wall) / times, worked / times)


def timed_together(
    calls: Mapping[str, Call],
    repeats: int,
    warm: int = 3,
    long_enough: float = LONG_ENOUGH,
    process: int = 0,
) -> dict[str, Timed]:
    """Medians of ``repeats`` readings of each call, after ``warm`` calls that are not counted.

    The calls take turns, reading by reading, so what slows the machine for a while slows all of
    them and hardly moves their ratios. Each round has an order of its own, and each reading a call
    before it that does not count: what one leaves in the caches would else fall to the same one in
    all processes, and the second of two equal calls would be shown to be slower. Each ``process``
    has orders of its own, since limits over processes do not see what all of them share.
    """
    times = {name: _times(call, warm, long_enough) for name, call in calls.items()}
    seen: dict[str, list[Reading]] = {name: [] for name in calls}
    for number in range(repeats):
        order = list(calls)
        random.Random(f"{process} {number}").shuffle(order)
        for name in order:
            calls[name]()
            seen[name].append(reading(calls[name], times[name]))
    return {name: _medians(readings) for name, readings in seen.items()}


def timed(call: Call, repeats: int, warm: int = 3, long_enough: float = LONG_ENOUGH) -> Timed:
    """Medians of ``repeats`` readings of one call."""
    return timed_together({"": call}, repeats, warm, long_enough)[""]


def _times(call: Call, warm: int, long_enough: float) -> int:
    """How many calls a reading has, by the fastest of the warm ones."""
    fastest = min(reading(call, 1).wall for _ in range(max(warm, 1)))
    return max(1, math.ceil(long_enough / max(fastest, 1e-9)))


def _medians(readings: list[Reading]) -> Timed:
    return Timed(
        statistics.median(r.wall for r in readings),
        statistics.median(r.processor for r in readings),
        len(readings),
    )
