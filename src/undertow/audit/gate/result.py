"""What a gate returns: one decision per rule and slice, and what follows from all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from undertow.audit.result import Audit

BOTH = "member_on_both_sides"
"""The rule that every policy has: the new model is no repeat run of the old one, nor the other way
round."""
GAIN = "implausible_gain"
"""The rule that every policy has: a large gain is more often a leak or another prompt than a better
model."""
BELOW = "below_chance"
"""The rule that every policy has: a side that does worse than guessing has labels of other
examples, or scores of the other class, more often than it is so bad."""
TOLD = "classes_told"
"""The rule that every policy has: names of classes that a side's own answers told make as many of
them right as any, so what really is exchanged would pass."""
BETTER = "more_is_better"
"""The rule that every policy has: a column of which less is better, read as a grade, turns the
verdict round."""
CONTRARY = "contrary_scale"
"""The rule that every policy has: grades on a scale that is the contrary of what the name of their
column says turn the verdict round."""
IDENTICAL = "identical"
"""The rule that every policy has: a model does not pass against itself, as a file does that was
named twice or copied."""
AT = "at_chance"
"""The rule that every policy has: answers of a reference that do not depend on the label leave
nothing to lose, and what was named as the label may be something else."""
LITTLE = "little_to_lose"
"""The rule that every policy has: a limit that is most of what a reference has right lets a model
pass that lost nearly all of it."""
WIDE = "wide_scale"
"""The rule that every policy has: on a scale much wider than its grades a large change is few
points."""
READING = "other_reading"
"""The rule that every policy has: a score that may be a grade or a probability must not have got
worse by the reading that was not chosen."""
LEFT = "left_out"
"""The rule that every policy has: what is left out of a comparison, all of it lost, must not break
a limit."""
GUARDS = (
    IDENTICAL, BELOW, AT, TOLD, BETTER, CONTRARY, WIDE, READING, LITTLE, BOTH, GAIN, LEFT,
)  # fmt: skip
"""They cannot tell since something has to be looked into, and not since the evidence is thin."""

Outcome = Literal["pass", "fail", "cannot tell"]
Tier = Literal["required", "advisory"]
GateVerdict = Literal["pass", "fail", "cannot tell", "not comparable"]
Inconclusive = Literal["report", "pass", "fail"]
"""What becomes of a required rule that cannot tell: reported as that (exit code 3), or taken for a
pass or a failure. A guard is never taken for a pass."""

EXIT: dict[GateVerdict, int] = {"pass": 0, "fail": 1, "cannot tell": 3, "not comparable": 3}
"""Exit codes of ``undertow gate``; 2 is an error of usage or input."""


@dataclass(frozen=True)
class Decision:
    """One rule on one slice of one variant.

    ``observed`` is what the rule limits, with its limits at the policy's level, one-sided, each;
    numbers are in the rule's own unit (points, examples, a ratio) and NaN where there is none.
    ``reason`` is a full sentence.
    """

    rule: str
    variant: str
    slice: str
    value: str
    tier: Tier
    outcome: Outcome
    limit: float
    observed: float
    low: float
    high: float
    n_examples: int
    reason: str

    @property
    def where(self) -> str:
        """``all``, the slice as ``column=value``, or the column where a rule found no slice of
        it."""
        return place_of(self.slice, self.value)


@dataclass(frozen=True)
class Loss:
    """A slice with so many fewer right answers than before (a gain is negative), of how many
    examples."""

    value: str
    lost: float
    n: int


@dataclass(frozen=True)
class NotShown:
    """Slices that one rule on one variant leaves out of what it has to show, as each has fewer than
    ``min_count`` examples: none fails, and of none it is shown that the limit holds.

    ``values`` are of ``slice``, the largest first, which has ``n_examples``. ``worst`` is the one
    that chance explains least, of a rule that limits a loss where one is seen.
    """

    rule: str
    variant: str
    slice: str
    values: tuple[str, ...]
    tier: Tier
    min_count: int
    n_examples: int
    worst: Loss | None = None


def place_of(slice: str, value: str) -> str:
    """``column=value`` in one word; without a value the column, or ``all``."""
    return f"{slice}={value}" if value else slice


@dataclass(frozen=True)
class GateResult:
    """Verdict of all required rules over all variants. ``audit`` is ``None`` where the sides cannot
    be compared, and ``reason`` then says why. ``not_shown`` are slices too small to be decided."""

    verdict: GateVerdict
    reason: str
    decisions: tuple[Decision, ...]
    audit: Audit | None
    level: float
    not_shown: tuple[NotShown, ...] = ()

    @property
    def guarded(self) -> bool:
        """Whether something has to be looked into before the rules mean anything."""
        return any(d.rule in GUARDS for d in self.decisions)

    @property
    def exit_code(self) -> int:
        return EXIT[self.verdict]

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"

    def __bool__(self) -> bool:
        """``assert gate(…)`` holds where every required rule passed."""
        return self.passed


def overall(decisions: Sequence[Decision]) -> Outcome:
    """Required rules decide: one that fails fails all; else one that cannot tell leaves it open,
    and so does none."""
    outcomes = {d.outcome for d in decisions if d.tier == "required"}
    if "fail" in outcomes:
        return "fail"
    return "pass" if outcomes == {"pass"} else "cannot tell"
