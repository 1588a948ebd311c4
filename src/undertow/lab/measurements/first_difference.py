"""Where two runs of one step part: the first operator that gives other bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from undertow.lab.measurements.operators_called import Called, operators_called

Run = Callable[[], object] | Sequence[Called]


@dataclass(frozen=True, eq=False)
class Difference:
    """Call ``number`` (from 0) of ``calls`` differs; ``one`` and ``other`` are it in both runs,
    None where a run had ended.

    ``why`` says how: ``output`` (the same operator read the same bits and gave others), ``input``
    (it read other bits already, which no earlier operator gave: data, weights or a state that the
    steps began with) or ``operators`` (another operator is called). ``largest`` is the largest
    absolute difference of what it gave, NaN where shapes differ or values were not kept; ``apart``
    counts the numbers that differ, and ``output`` says which of what it gave is the first with one
    (from 0).
    """

    number: int
    calls: int
    why: str
    one: Called | None
    other: Called | None
    largest: float = float("nan")
    apart: int = 0
    output: int = 0

    def __str__(self) -> str:
        at = f"call {self.number + 1} of {self.calls}"
        if self.why == "operators":
            return f"{at}: {_said(self.one)} in one run, {_said(self.other)} in the other"
        how = "gives other bits" if self.why == "output" else "reads other bits already"
        said = f"{at}: {_said(self.one)} {how}"
        shapes = [call.shapes for call in (self.one, self.other) if call is not None]
        if shapes[0] != shapes[1]:
            return f"{said}; shapes are {shapes[0]} and {shapes[1]}"
        said += f", first in output {self.output + 1} of {len(shapes[0])}"
        said += f" of shape {shapes[0][self.output]}"
        if self.apart:
            said += f"; {self.apart:,} numbers differ, by {self.largest:.3g} at most"
        return said


def first_difference(one: Run, other: Run) -> Difference | None:
    """The first operator whose output differs between two runs of a step, ``None`` for equal bits
    from beginning to end.

    Each run is a function that does the step from its beginning, on a network, an optimizer and
    data of its own, so that nothing is left over from the other run; or what ``operators_called``
    noted of it, perhaps in another process (the notes can be pickled).
    """
    ones, others = (operators_called(r) if callable(r) else list(r) for r in (one, other))
    calls = max(len(ones), len(others))
    for number in range(calls):
        a, b = (run[number] if number < len(run) else None for run in (ones, others))
        if a is None or b is None or a.operator != b.operator:
            return Difference(number, calls, "operators", a, b)
        if (a.left, a.shapes) != (b.left, b.shapes):
            why = "output" if a.entered == b.entered else "input"
            return Difference(number, calls, why, a, b, *_apart(a, b), _first_output(a, b))
    return None


def _first_output(a: Called, b: Called) -> int:
    pairs = enumerate(zip(a.left, b.left, strict=False))
    return next((place for place, (x, y) in pairs if x != y), 0)


def _apart(a: Called, b: Called) -> tuple[float, int]:
    """The largest difference, and how many numbers differ."""
    if a.shapes != b.shapes or not a.values or not b.values:
        return float("nan"), 0
    largest, count = 0.0, 0
    for x, y in zip(a.values, b.values, strict=True):
        differs = ~((x == y) | ((x != x) & (y != y)))
        count += int(differs.sum())
        if differs.any():
            far = (x.to(torch.float64) - y.to(torch.float64)).abs()[differs]
            largest = max(largest, float(far.max()))
    return largest, count


def _said(call: Called | None) -> str:
    if call is None:
        return "nothing more"
    return f"{call.operator} ({call.phase}{f', in {call.module}' if call.module else ''})"
