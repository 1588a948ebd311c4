"""The page as parts: everything a report says, decided once and lowered to HTML, Markdown and plain text.

    verdict → top line → slice effects → exemplar count → gallery → over-indexed → findings → method

Parts hold ready words and numbers; nothing here knows about markup.
"""

from __future__ import annotations

from dataclasses import dataclass

from undertow.audit.result import Audit, Verdict
from undertow.report.counts import CountRow, counts
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


@dataclass(frozen=True)
class Page:
    """All parts of one report."""

    audit: Audit
    title: str
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


def page(audit: Audit) -> Page:
    """Every part of the report of ``audit``."""
    shown = slice_effects(audit)
    sentence, rest = first_sentence(audit.headline)
    over, total = over_indexed(audit)
    return Page(
        audit=audit,
        title=_title(audit),
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
        findings=finding_table(audit.findings),
        method=method(audit),
    )


def _title(audit: Audit) -> str:
    names = [v.arm.name for v in audit.variants]
    against = names[0] if len(names) == 1 else plural(len(names), "variant")
    return line(f"{audit.reference.name} against {against}", 160)


def _facts(audit: Audit) -> tuple[str, ...]:
    classes = [plural(len(audit.classes), "class", "classes")] if audit.classes else []
    members = plural(audit.reference.members, "reference member")
    return (plural(audit.n_examples, "example"), *classes, members, plural(len(audit.variants), "variant"), audit.task)
