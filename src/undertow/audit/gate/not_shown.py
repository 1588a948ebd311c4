"""Slices too small to show that a limit holds: which they are, and how a verdict says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision, NotShown
from undertow.audit.gate.rules import Rule
from undertow.audit.gate.rules._rule import cut


def not_shown(rule: Rule, evidence: Evidence, found: Sequence[Decision]) -> Iterator[NotShown]:
    """The small slices of a rule that decided something, less those that it found to fail."""
    decided = {(d.slice, d.value) for d in found}
    small = rule.small(evidence)
    left = [row for row in small.rows if (row.slice, row.value) not in decided]
    looked_at = any(d.value for d in found)
    if left and looked_at:
        left.sort(key=lambda row: -row.count)
        yield NotShown(
            rule=rule.name,
            variant=evidence.pair.variant.name,
            slice=left[0].slice,
            values=tuple(row.value for row in left),
            tier=rule.tier,
            min_count=small.min_count,
            n_examples=left[0].count,
        )


def not_shown_said(small: Sequence[NotShown]) -> str:
    """``1 slice with fewer than 30 examples is not shown to keep its limit (hospital Lund, 29)``;
    empty where required rules leave none out. A slice of several variants or rules counts once."""
    required = [s for s in small if s.tier == "required"]
    if not required:
        return ""
    slices = len({(s.slice, value) for s in required for value in s.values})
    most = max(required, key=lambda s: s.n_examples)
    largest = f"{most.slice} {cut(most.values[0])}, {most.n_examples:,}"
    fewer = f"with fewer than {max(s.min_count for s in required):,} examples"
    if slices == 1:
        return f"1 slice {fewer} is not shown to keep its limit ({largest})"
    return f"{slices:,} slices {fewer} are not shown to keep their limit (the largest is {largest})"
