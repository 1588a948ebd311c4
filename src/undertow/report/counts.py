"""Exemplar counts and vote distances per variant, with everything that must stand beside them, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

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


def count_verdict(audit: Audit, variant: VariantAudit) -> Verdict:
    """The count against its floor, as the headline has it: p decides whether it is more than chance."""
    c = variant.count
    if c is None:
        return _found(audit, variant, "churn")
    return _verdict(audit, c.p, c.observed > c.floor, _found(audit, variant, "modal_disagreement"))


def _verdict(audit: Audit, p: float, above: bool, found: Verdict) -> Verdict:
    """Where chance is not excluded, the finding says whether the floor was narrow enough to conclude anything."""
    if not absent(p) and p <= audit.settings.level:
        return "worse" if above else "better"
    return "too small to tell" if absent(p) or found == "too small to tell" else "within floor"


def _found(audit: Audit, variant: VariantAudit, measure: str) -> Verdict:
    row = whole(audit.findings, variant.arm.name, measure)
    return row["verdict"] if row else "undefined"


def whole(findings: pl.DataFrame, variant: str, measure: str = "accuracy") -> dict[str, Any] | None:
    """The row about all examples."""
    rows = findings.filter((pl.col("variant") == variant) & (pl.col("measure") == measure) & (pl.col("slice") == "all"))
    return rows.row(0, named=True) if rows.height else None


def counts(audit: Audit) -> tuple[CountRow, ...]:
    """By sparsity where every counted variant has one, otherwise in the audit's order."""
    counted = [v for v in audit.variants if v.count is not None]
    if counted and all("sparsity" in v.arm.facts for v in counted):
        counted.sort(key=lambda v: v.arm.facts["sparsity"])
    return tuple(_count_row(audit, v, v.count) for v in counted if v.count is not None)


def _count_row(audit: Audit, variant: VariantAudit, c: ExemplarCount) -> CountRow:
    above, found = c.mean_taxicab > c.mean_taxicab_floor, _found(audit, variant, "taxicab")
    return CountRow(
        name=variant.arm.name,
        fact=_fact(variant.arm),
        count=c,
        verdict=count_verdict(audit, variant),
        taxicab_verdict=_verdict(audit, c.mean_taxicab_p, above, found),
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
