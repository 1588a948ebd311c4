"""Exemplar counts and vote distances per variant, with everything that must stand beside them, in words."""

from __future__ import annotations

from dataclasses import dataclass

from undertow.audit.result import Arm, Audit, ExemplarCount, VariantAudit, Verdict
from undertow.report.wording import absent, count, number, percent, probability


@dataclass(frozen=True)
class CountRow:
    """One variant's exemplar count with everything that must stand beside it, in words."""

    name: str
    fact: str
    count: ExemplarCount
    verdict: Verdict
    taxicab_verdict: Verdict
    cells: tuple[str, ...]


def count_verdict(c: ExemplarCount) -> Verdict:
    """Above its floor a count is worse; inside it is what chance gives; without a floor nothing can be said."""
    if absent(c.floor_high):
        return "too small to tell"
    return "worse" if c.observed > c.floor_high else "better" if c.observed < c.floor_low else "within floor"


def counts(audit: Audit) -> tuple[CountRow, ...]:
    """By sparsity where every counted variant has one, otherwise in the audit's order."""
    counted = [v for v in audit.variants if v.count is not None]
    if counted and all("sparsity" in v.arm.facts for v in counted):
        counted.sort(key=lambda v: v.arm.facts["sparsity"])
    return tuple(_count_row(v, v.count, audit.settings.level) for v in counted if v.count is not None)


def _count_row(variant: VariantAudit, c: ExemplarCount, level: float) -> CountRow:
    above = c.mean_taxicab > c.mean_taxicab_floor
    fires = not absent(c.mean_taxicab_p) and c.mean_taxicab_p <= level
    taxicab: Verdict = ("worse" if above else "better") if fires else "within floor"
    return CountRow(
        name=variant.arm.name,
        fact=_fact(variant.arm),
        count=c,
        verdict=count_verdict(c),
        taxicab_verdict="too small to tell" if absent(c.mean_taxicab_p) else taxicab,
        cells=(
            f"{c.observed:,} of {c.n_examples:,}",
            f"{count(c.floor)} [{number(c.floor_low, 0)}, {number(c.floor_high, 0)}]",
            probability(c.p),
            f"{c.confirmed:,}",
            f"{c.tied:,}",
            count(c.split_half),
            number(c.mean_taxicab, 4),
            f"{number(c.mean_taxicab_floor, 4)} (p {_equals(probability(c.mean_taxicab_p))})",
            f"{percent(c.reference_accuracy_on_exemplars)} → {percent(c.variant_accuracy_on_exemplars)}",
        ),
    )


def _equals(p: str) -> str:
    return p if p.startswith("<") else f"= {p}"


def _fact(arm: Arm) -> str:
    if "sparsity" in arm.facts:
        return f"{percent(arm.facts['sparsity'], 0)} sparse"
    if "bits" in arm.facts:
        return f"{number(arm.facts['bits'], 0)} bits"
    return ""
