"""What a claim about ratios of errors comes to, decided by limits alone: held where all of them are
on the claim's side, not held where one is wholly on the other, not testable else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from undertow.study.claims import Outcome, decided
from undertow.study.pairs import Gain
from undertow.study.sampled.arms import Ratio, Sampled

MARGIN = 1.05
"""A ratio of errors up to which an arm matches its base."""


def above(ratio: Ratio, bound: float) -> tuple[float, float]:
    """Limits of how far a ratio is above a bound."""
    return ratio.low - bound, ratio.high - bound


def below(ratio: Ratio, bound: float) -> tuple[float, float]:
    """Limits of how far a ratio is below a bound."""
    return bound - ratio.high, bound - ratio.low


def matches(s: Sampled, arm: str, base: str, columns: Sequence[str]) -> Outcome:
    """Whether an arm errs at most ``MARGIN`` times as often as ``base`` in all columns."""
    found = {column: s.ratio(arm, base, column) for column in columns}
    return decided([below(r, MARGIN) for r in found.values()], _said(base, found))


def at_least(s: Sampled, arm: str, base: str, columns: Sequence[str], bound: float) -> Outcome:
    """Whether it errs at least so many times as often in all of them."""
    found = {column: s.ratio(arm, base, column) for column in columns}
    return decided([above(r, bound) for r in found.values()], _said(base, found))


def in_order(s: Sampled, base: str, arms: Sequence[str], columns: Sequence[str]) -> Outcome:
    """Whether the first arm matches the base, and each other errs more than the one before it."""
    limits, said = [], []
    for column in columns:
        first = s.ratio(arms[0], base, column)
        steps = [s.ratio(b, a, column) for a, b in pairwise(arms)]
        limits += [below(first, MARGIN), *(above(step, 1) for step in steps)]
        each = ", ".join(f"{arm} × {step}" for arm, step in zip(arms[1:], steps, strict=True))
        said.append(f"{column}: {arms[0]} {first} of {base}, then {each}")
    return decided(limits, "; ".join(said))


def more_accurate_on(
    s: Sampled, arm: str, than: str, column: str, slice: tuple[str, str]
) -> Outcome:
    """Whether an arm is more accurate than another on the test examples of a slice."""
    gain = Gain.of(*(s.on(name, column, *slice) for name in (arm, than)))
    whole = Gain.of(*(1 - s.error(name, column) for name in (arm, than)))
    said = f"{slice[1]} {gain} points more than {than}, all {whole}"
    return decided([(gain.low, gain.high)], said)


def _said(base: str, found: dict[str, Ratio]) -> str:
    return f"× the error of {base}: " + ", ".join(f"{c} {ratio}" for c, ratio in found.items())
