"""What a paper leads us to expect, as a study puts it to the test. Claims are reported, never
enforced."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from undertow.audit.wording import signed
from undertow.errors import UserError

if TYPE_CHECKING:
    from undertow.study.results import Results

Status = Literal["held", "not held", "not testable"]
Limits = tuple[float, float]
"""Of an interval, low and high."""
TOO_SMALL = "too small to tell"


NO_NUMBER = re.compile(r"\bnan\b")
"""In evidence, of a number that is undefined."""


@dataclass(frozen=True)
class Outcome:
    """What became of a claim, with the numbers that decided it."""

    status: Status
    evidence: str


@dataclass(frozen=True)
class Claim:
    """What a paper leads us to expect. Claims are reported, never enforced."""

    text: str
    source: str
    check: Callable[[Results], Outcome]


def held(condition: bool, evidence: str) -> Outcome:
    """An outcome from a condition and the numbers behind it."""
    return Outcome("held" if condition else "not held", evidence)


def decided(limits: Iterable[Limits], evidence: str) -> Outcome:
    """An outcome from intervals of what the claim says is above 0: held where all are, not held
    where one lies below, not testable without any, else too small to tell. Every one must hold, so
    none is corrected for the others. Raises ``ValueError`` for limits in the wrong order."""
    found = list(limits)
    if any(low > high for low, high in found):
        raise ValueError(f"limits are (low, high), got {found}")
    if not found:
        return Outcome("not testable", f"{evidence}; this scale has nothing to compare")
    if any(high < 0 for _, high in found):
        return Outcome("not held", evidence)
    if any(math.isnan(limit) for each in found for limit in each):
        return Outcome("not testable", f"{evidence}; undefined")
    if all(low > 0 for low, _ in found):
        return Outcome("held", evidence)
    return Outcome("not testable", f"{evidence}; {TOO_SMALL}")


def claim(text: str, source: str) -> Callable[[Callable[[Results], Outcome]], Claim]:
    """Turn a check into a claim: the sentence stands above the code that tests it."""
    return lambda check: Claim(text, source, check)


def untested(text: str, source: str, reason: str) -> Claim:
    """A claim of the paper that this study cannot put to the test, with the reason."""
    return Claim(text, source, lambda _: Outcome("not testable", reason))


def claims_in(names: dict[str, Any]) -> tuple[Claim, ...]:
    """The claims of a study's file in the order in which it makes them:
    ``claims_in(globals())``."""
    return tuple(value for value in names.values() if isinstance(value, Claim))


def judge(claim: Claim, results: Results) -> Outcome:
    """The claim's outcome. It is not testable, with the reason, where a number it needs is missing
    or undefined, or where it fails on a finding that is too small to tell."""
    try:
        outcome = claim.check(results)
    except KeyError as missing:
        return Outcome("not testable", str(missing.args[0]))
    if not isinstance(outcome, Outcome):
        raise UserError(
            f"claim {claim.text!r}: its check returned {outcome!r}; it must return an Outcome, "
            "such as held(condition, evidence)"
        )
    undecided = outcome.status == "not held" and TOO_SMALL in outcome.evidence
    return (
        Outcome("not testable", outcome.evidence)
        if undecided or NO_NUMBER.search(outcome.evidence)
        else outcome
    )


def effect_text(finding: Mapping[str, Any]) -> str:
    """A finding's effect in points with its interval: −1.3 [−2.0, −0.6]."""
    effect, low, high = (points(finding[name]) for name in ("effect", "low", "high"))
    return f"{effect} [{low}, {high}]"


def points(fraction: float) -> str:
    """A fraction as points with its sign, for evidence: −1.3."""
    return signed(fraction)
