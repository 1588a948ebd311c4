"""The page as parts: everything a report says, decided once and lowered to HTML, Markdown and plain text.

    gate → verdict → top line → slice effects → exemplar count → gallery → over-indexed → findings → method

Parts hold ready words and numbers; nothing here knows about markup.
"""

from __future__ import annotations

from dataclasses import dataclass

from undertow.audit.gate.result import GateResult
from undertow.audit.result import Audit, Verdict
from undertow.report.counts import CountRow, counts
from undertow.report.decisions import GatePart, gate_part
from undertow.report.effects import SliceEffects, slice_effects
from undertow.report.method import Method, method
from undertow.report.tables import FindingTable, OverRow, finding_table, over_indexed
from undertow.report.toplines import TopLine, top_line
from undertow.report.wording import first_sentence, line, plural

SMOKE = "Smoke scale: this audit only proves that it runs. Its numbers are not a result."

WORDS: dict[str, str] = {
    "worse": "Worse",
    "better": "Better",
    "within floor": "Within the floor",
    "too small to tell": "Too small to tell",
    "undefined": "Undefined",
}
SIGN = {"worse": "▼", "better": "▲", "within floor": "●", "too small to tell": "◇", "undefined": "×"}


@dataclass(frozen=True)
class Page:
    """All parts of one report. ``outcome`` is what the top line averages: accuracy, or a graded score."""

    audit: Audit
    gate: GatePart | None
    title: str
    outcome: str
    comparable: str
    differences: tuple[str, ...]
    pooling: str
    several: bool
    """Whether any side has more than one member."""
    facts: tuple[str, ...]
    verdict: Verdict
    sentence: str
    rest: str
    stamp: str
    top_lines: tuple[TopLine, ...]
    effects: SliceEffects | None
    counts: tuple[CountRow, ...]
    over_indexed: tuple[OverRow, ...]
    over_indexed_total: int
    findings: FindingTable
    method: Method


def page(audit: Audit, gate: GateResult | None = None) -> Page:
    """Every part of the report of ``audit``, with the gate that it was audited for."""
    shown = slice_effects(audit)
    sentence, rest = first_sentence(audit.headline)
    over, total = over_indexed(audit)
    return Page(
        audit=audit,
        gate=None if gate is None else gate_part(gate),
        title=_title(audit),
        outcome=audit.reference.outcome,
        comparable=_comparable(audit),
        differences=audit.differences,
        pooling=audit.pooling,
        several=any(arm.members > 1 for arm in (audit.reference, *(v.arm for v in audit.variants))),
        facts=_facts(audit),
        verdict=audit.verdict,
        sentence=sentence,
        rest=rest,
        stamp=SMOKE if audit.scale == "smoke" else "",
        top_lines=tuple(top_line(audit, v, shown) for v in audit.variants),
        effects=shown,
        counts=counts(audit),
        over_indexed=over,
        over_indexed_total=total,
        findings=finding_table(audit.findings, audit.reference.outcome),
        method=method(audit),
    )


def _title(audit: Audit) -> str:
    names = [v.arm.name for v in audit.variants]
    against = names[0] if len(names) == 1 else plural(len(names), "variant")
    return line(f"{audit.reference.name} against {against}", 160)


def _comparable(audit: Audit) -> str:
    if not audit.differences:
        return "Comparable"
    return f"Comparable with {plural(len(audit.differences), 'stated difference')}"


def _facts(audit: Audit) -> tuple[str, ...]:
    classes = [plural(len(audit.classes), "class", "classes")] if audit.classes else []
    members = plural(audit.reference.members, "reference member")
    return (plural(audit.n_examples, "example"), *classes, members, plural(len(audit.variants), "variant"), audit.task)
