"""A gate's verdict and its decisions in words, in the order in which a person needs them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from undertow.audit.design import CLUSTERS
from undertow.audit.gate.not_shown import lost_said, not_shown_said
from undertow.audit.gate.result import (
    Decision,
    GateResult,
    GateVerdict,
    Inconclusive,
    NotShown,
    Outcome,
    Tier,
    place_of,
)
from undertow.report.beside import beside
from undertow.report.wording import NONE, both_ends, count, first_sentence, line, number, plural

GATE_WORDS: dict[str, str] = {
    "pass": "Pass",
    "fail": "Fail",
    "cannot tell": "Cannot tell",
    "not comparable": "Not comparable",
}
GATE_SIGN: dict[str, str] = {"pass": "✓", "fail": "✗", "cannot tell": "?", "not comparable": "≠"}
HEADLINE = 90
"""Characters of a sentence that may stand large."""
ONE_SIDED = "Limits of the gate are one-sided; the audit's intervals are two-sided."
UNLIKE = (
    "To pass, a drop has to stay below the limit even with clusters unlike those seen, so what "
    "decides that lies further out than the audit's interval."
)
COUNTS_AS: dict[Inconclusive, str] = {
    "report": "A required rule that cannot tell leaves the verdict open, unless one fails, and the "
    "command then exits with 3.",
    "pass": "A required rule that cannot tell counts as a pass here, as --inconclusive pass says; "
    "what has to be looked into first does not.",
    "fail": "A required rule that cannot tell counts as a failure here, as --inconclusive fail "
    "says.",
}
SMALL = 10
"""Slices too small to show anything that are named of one rule and variant."""
ROWS = 200
"""Decisions of one kind in the page; all are in ``report.json`` and ``junit.xml``."""

_ORDER: tuple[Outcome, ...] = ("fail", "cannot tell", "pass")
_AT_LEAST = ("min_realised_speedup",)
_EITHER_WAY = ("calibration_shift",)


@dataclass(frozen=True)
class DecisionRow:
    """One decision, its numbers in the rule's unit. ``slice`` is ``all`` or a column, ``value`` the
    slice's value."""

    rule: str
    slice: str
    value: str
    variant: str
    tier: Tier
    outcome: Outcome
    observed: str
    limits: str
    limit: str
    n: str
    reason: str

    @property
    def where(self) -> str:
        return place_of(self.slice, self.value)


@dataclass(frozen=True)
class GatePart:
    """What the page says about a gate. ``open`` are decisions that fail or cannot be told; failures
    come first."""

    verdict: GateVerdict
    sentence: str
    rest: str
    open: tuple[DecisionRow, ...]
    passed: tuple[DecisionRow, ...]
    confidence: str
    """``95 %``: of the one-sided limits."""
    clustered: bool
    small: tuple[str, ...]
    """A line for each rule and variant with slices too small to show anything."""
    counts_as: str
    """What becomes of the verdict where a required rule cannot tell."""
    beside: str
    """What reconciles the gate with the audit beneath it; empty where they agree."""


def gate_part(gate: GateResult, inconclusive: Inconclusive = "report") -> GatePart:
    """The gate for the page, the summary and the terminal."""
    rows = tuple(_row(d) for d in in_order(gate.decisions))
    several = len({d.variant for d in gate.decisions}) > 1
    sentence, rest = _headline(without_verdict(gate.reason), not_shown_said(gate.not_shown))
    return GatePart(
        verdict=gate.verdict,
        sentence=sentence,
        rest=rest,
        open=tuple(r for r in rows if r.outcome != "pass"),
        passed=tuple(r for r in rows if r.outcome == "pass"),
        confidence=confidence(gate.level),
        clustered=gate.audit is not None
        and any(CLUSTERS in said for v in gate.audit.variants for said in v.design),
        small=tuple(small_said(s, several=several) for s in gate.not_shown),
        counts_as=COUNTS_AS[inconclusive],
        beside=beside(gate),
    )


def small_said(s: NotShown, *, several: bool = False) -> str:
    """``language: 2 slices with fewer than 30 examples are not shown to keep their limit: de (29),
    …``; of ``several`` variants after the name of the one that it is about."""
    one = len(s.values) == 1
    what = "1 slice" if one else f"{len(s.values):,} slices"
    keep = "is not shown to keep its limit" if one else "are not shown to keep their limit"
    more = f" and {len(s.values) - SMALL:,} more" if len(s.values) > SMALL else ""
    names = ", ".join(both_ends(value, 60) for value in s.values[:SMALL])
    size = f"n = {s.n_examples:,}" if one else f"the largest has {s.n_examples:,}"
    if s.worst is not None:
        lost = lost_said(s.worst)
        size = lost if one else f"{size}; {both_ends(s.worst.value, 60)} is the worst and {lost}"
    fewer = f"with fewer than {s.min_count:,} examples"
    about = f"{s.variant}, {s.slice}" if several else s.slice
    return f"{about}: {what} {fewer} {keep}: {names}{more} ({size})"


def taken_for(gate: GateResult, inconclusive: Inconclusive) -> str:
    """What follows the words of a verdict that counts as another, or does not though it was
    asked."""
    if gate.verdict != "cannot tell" or inconclusive == "report":
        return ""
    if inconclusive == "pass" and gate.guarded:
        return " (counts as no pass, for all --inconclusive pass: this is no lack of evidence)"
    counts = "failure" if inconclusive == "fail" else "pass"
    return f" (counts as a {counts}: --inconclusive {inconclusive})"


def confidence(level: float) -> str:
    """0.05 as ``95 %``."""
    return f"{100 - 100 * level:g} %"


def _headline(reason: str, small: str) -> tuple[str, str]:
    """What stands large, and the rest: the first sentence, or of a long one what comes before its
    first pause. That something is not shown stands large where the first sentence says so."""
    passes, but, after = reason.partition(f", but {small}.")
    if small and but:
        return line(f"{passes}{but}"), line(after)
    sentence, rest = first_sentence(reason)
    pause = re.search(r"[;:] ", sentence)
    if len(sentence) <= HEADLINE or pause is None:
        return sentence, rest
    after = sentence[pause.end() :]
    return (
        f"{sentence[: pause.start()].rstrip()}.",
        f"{after[:1].upper()}{after[1:]} {rest}".rstrip(),
    )


def in_order(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Failures, then what is open, then passes; in each, required rules before advisory ones."""
    return tuple(sorted(decisions, key=lambda d: (_ORDER.index(d.outcome), d.tier != "required")))


def without_verdict(reason: str) -> str:
    """A reason that begins with a verdict's words, for where those stand before it anyway."""
    for word in GATE_WORDS.values():
        if reason.startswith(f"{word}: "):
            said = reason.removeprefix(f"{word}: ")
            return said[:1].upper() + said[1:]
    return reason


def passed_said(n: int) -> str:
    """How many checks pass, with their sign; there is none to set before the word that none
    does."""
    return f"{GATE_SIGN['pass']} {passes(n)}" if n else "No check passes."


def passes(n: int) -> str:
    return f"{plural(n, 'check')} {'passes' if n == 1 else 'pass'}."


def more_open(n: int) -> str:
    """Of checks that are not listed: ``1 more check that does not pass``."""
    return f"{plural(n, 'more check')} that {'does' if n == 1 else 'do'} not pass"


def said_of(row: DecisionRow | Decision) -> str:
    """The outcome in a word or two, with the tier where it is advisory."""
    word = GATE_WORDS[row.outcome]
    return word if row.tier == "required" else f"{word} (advisory)"


def _row(d: Decision) -> DecisionRow:
    unit = unit_of(d)
    return DecisionRow(
        rule=d.rule,
        slice=d.slice,
        value=d.value,
        variant=d.variant,
        tier=d.tier,
        outcome=d.outcome,
        observed=_in_unit(d.observed, unit),
        limits=limits_of(d),
        limit=limit_of(d),
        n=f"{d.n_examples:,}" if d.n_examples else NONE,
        reason=without_verdict(d.reason),
    )


def unit_of(d: Decision) -> str:
    """``points``, ``examples`` or ``×``. New errors can be limited either way: only plain counts
    are always decided and have no limits."""
    if d.rule in _AT_LEAST:
        return "×"
    plain = (
        d.rule == "max_new_errors"
        and math.isnan(d.low)
        and math.isnan(d.high)
        and d.outcome != "cannot tell"
    )
    return "examples" if plain or d.rule == "must_not_flip" else "points"


def limit_of(d: Decision) -> str:
    """What the policy allows: ``≤ 1 point``, ``≥ 1.5 ×``, ``within ± 2 points``, ``none``."""
    if d.limit == 0:
        return "none"
    said = f"{d.limit:g} {unit_of(d)}"
    if d.limit == 1 and said.endswith("s"):
        said = said[:-1]
    if d.rule in _EITHER_WAY:
        return f"within ± {said}"
    return f"{'≥' if d.rule in _AT_LEAST else '≤'} {said}"


def limits_of(d: Decision) -> str:
    """The one-sided limits of what was observed."""
    if math.isnan(d.low) and math.isnan(d.high):
        return NONE
    return f"{number(d.low, 2)} to {number(d.high, 2)}"


def _in_unit(value: float, unit: str) -> str:
    return count(value) if unit == "examples" else number(value, 2)
