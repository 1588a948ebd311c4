"""The page as parts: everything a report says, decided once and lowered to HTML, Markdown and plain
text.

    gate → notices → verdict → top line → slice effects → error rates → answers → exemplar count →
    gallery → over-indexed → crossed columns → findings → method

Parts hold ready words and numbers; nothing here knows about markup.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from undertow.audit.gate.result import GateResult
from undertow.audit.headline import WHOLE, without_notices
from undertow.audit.result import Audit
from undertow.audit.told_by import on_columns
from undertow.audit.verdicts import Verdict
from undertow.report.answers import AnswersPart, answers
from undertow.report.checked import Checked, checked
from undertow.report.counts import CountRow, counts
from undertow.report.crossed import CrossedPart, crossed_parts
from undertow.report.decisions import GatePart, gate_part
from undertow.report.effects import SliceEffects, error_rates, slice_effects
from undertow.report.method import Method, method
from undertow.report.naming import whole
from undertow.report.tables import FindingTable, OverRow, finding_table, over_indexed
from undertow.report.toplines import TopLine, top_line
from undertow.report.unasked import not_looked_at
from undertow.report.wording import first_sentence, line, plural

SMOKE = "Smoke scale: this audit only proves that it runs. Its numbers are not a result."

WORDS: dict[str, str] = {
    "worse": "Worse",
    "mixed": "Mixed",
    "changed": "Changed",
    "better": "Better",
    "within tolerance": "Within tolerance",
    "too small to tell": "Too small to tell",
    "undefined": "Undefined",
}
SIGN = {
    "worse": "▼",
    "mixed": "◆",
    "changed": "⇄",
    "better": "▲",
    "within tolerance": "●",
    "too small to tell": "◇",
    "undefined": "×",
}


_SIGNED_ZERO = re.compile(r"[+−](?=0\.0+(?!\d))")
"""The sign of a difference that rounds to nothing."""
NAMED = 5
"""Variants of one design that are named; one more is named too."""


@dataclass(frozen=True)
class Page:
    """All parts of one report. ``outcome`` is what the top line averages: accuracy, or a graded
    score."""

    audit: Audit
    gate: GatePart | None
    title: str
    outcome: str
    checked: Checked
    differences: tuple[str, ...]
    pooling: str
    several: bool
    """Whether any side has more than one member."""
    notices: tuple[str, ...]
    """What must be known before any number is read; the sentence and the rest are the headline
    without them."""
    doubts: tuple[str, ...]
    """Notices on columns that may be no slices, which stand after the verdict."""
    about: tuple[str, ...]
    """To what the verdict generalises, and by which test."""
    facts: tuple[str, ...]
    verdict: Verdict
    sentence: str
    rest: str
    stamp: str
    top_lines: tuple[TopLine, ...]
    unasked: str
    """Cells that are left out and columns that were not looked at; empty where there is none, or
    nothing was asked for."""
    effects: SliceEffects | None
    error_rates: tuple[SliceEffects, ...]
    answers: tuple[AnswersPart, ...]
    counts: tuple[CountRow, ...]
    over_indexed: tuple[OverRow, ...]
    over_indexed_total: int
    crossed: tuple[CrossedPart, ...]
    findings: FindingTable
    method: Method

    @property
    def headline(self) -> str:
        """The audit's, without the notices, which stand around it."""
        return f"{self.sentence} {self.rest}".rstrip()


def page(audit: Audit, gate: GateResult | None = None) -> Page:
    """Every part of the report of ``audit``, with the gate that it was audited for."""
    shown = slice_effects(audit)
    said, doubts = without_notices(audit.headline, audit.notices), on_columns(audit.notices)
    sentence, rest = _opening(_SIGNED_ZERO.sub("", said), several=len(audit.variants) > 1)
    over, total = over_indexed(audit)
    return Page(
        audit=audit,
        gate=None if gate is None else gate_part(gate),
        title=_title(audit),
        outcome=audit.reference.outcome,
        checked=checked(audit),
        differences=audit.differences,
        pooling=audit.pooling,
        several=any(arm.members > 1 for arm in (audit.reference, *(v.arm for v in audit.variants))),
        notices=tuple(n for n in audit.notices if n not in doubts),
        doubts=doubts,
        about=_about(audit),
        facts=_facts(audit),
        verdict=audit.verdict,
        sentence=sentence,
        rest=rest,
        stamp=SMOKE if audit.scale == "smoke" else "",
        top_lines=tuple(top_line(audit, v, shown) for v in audit.variants),
        unasked=not_looked_at(audit),
        effects=shown,
        error_rates=error_rates(audit),
        answers=answers(audit),
        counts=counts(audit),
        over_indexed=over,
        over_indexed_total=total,
        crossed=crossed_parts(audit),
        findings=finding_table(audit.findings, audit.reference.outcome),
        method=method(audit, shown),
    )


def _opening(said: str, *, several: bool) -> tuple[str, str]:
    """The first sentence of a headline, and the rest. One on slices that lose names their values,
    in which a full stop ends nothing; what follows it is known."""
    before, stop, after = line(said).partition(f". {WHOLE} ")
    if several or not stop:
        return first_sentence(said)
    return f"{before}.", f"{WHOLE} {after}"


def _title(audit: Audit) -> str:
    names = [v.arm.name for v in audit.variants]
    against = whole(names[0]) if len(names) == 1 else plural(len(names), "variant")
    return f"{whole(audit.reference.name)} against {against}"


def _about(audit: Audit) -> tuple[str, ...]:
    """To what the verdict generalises and how it was tested; where variants differ, each design
    with their names."""
    alike: dict[str, list[str]] = {}
    for v in audit.variants:
        alike.setdefault(" ".join(v.design[:2]), []).append(whole(v.arm.name))
    if len(alike) == 1:
        return tuple(alike)
    return tuple(f"{_listed(names)}: {design}" for design, names in alike.items())


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED + 1 else ""
    return ", ".join(names[:NAMED] if more else names) + more


def _facts(audit: Audit) -> tuple[str, ...]:
    classes = [plural(len(audit.classes), "class", "classes")] if audit.classes else []
    members = plural(audit.reference.members, "reference member")
    examples = plural(audit.n_examples, "example")
    if audit.n_scored is not None and audit.n_scored < audit.n_examples:
        examples = f"{audit.reference.outcome} over {audit.n_scored:,} of {examples}"
    return (examples, *classes, members, plural(len(audit.variants), "variant"), audit.task)
