"""A setting that one half of the members chose, judged by the other half, both ways.

Members that chose a setting are lucky in it, on any examples: their classes stand better there than
those of new members will. Examples that took no part do not mend that, members that took none do.
So each half chooses for the other, and every member is judged in what it had no part in choosing.
What is judged is what these two halves chose: limits leave out that other halves might have chosen
otherwise. Half as many members choose worse than all would, so the value errs on the low side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from undertow.study.worst.arms import Arm, joined

HALVES = (slice(0, None, 2), slice(1, None, 2))
"""Members of even and of odd number, so that those of one number stay together over arms."""


class Judged(NamedTuple):
    """What the halves chose, and the members who had no part in it."""

    name: str
    arm: Arm


def judged(choose: Callable[[slice], str], arm: Callable[[str], Arm]) -> Judged:
    """``choose`` names a setting by the members of a half, ``arm`` has a setting's answers."""
    names = [choose(half) for half in HALVES]
    if names[0] == names[1]:
        return Judged(names[0], arm(names[0]))
    others = [arm(name).of(half) for name, half in zip(names, reversed(HALVES), strict=True)]
    return Judged(" or ".join(names), joined(others))
