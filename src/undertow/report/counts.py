"""Exemplar counts and vote distances per variant, with everything that must stand beside them, in
words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from undertow.audit.result import Arm, Audit, ExemplarCount, VariantAudit
from undertow.audit.slices.table import ALL
from undertow.audit.verdicts import Verdict, count_verdict
from undertow.report.effects import has_band
from undertow.report.wording import count, number, percent, probability


@dataclass(frozen=True)
class CountRow:
    """One variant's exemplar count with everything that must stand beside it, in words."""

    name: str
    fact: str
    count: ExemplarCount
    verdict: Verdict
    taxicab_verdict: Verdict
    cells: tuple[str, ...]


def changed_verdict(audit: Audit, variant: VariantAudit) -> Verdict:
    """The exemplar count against its floor, as the headline has it; with one member a side, churn
    stands in."""
    c = variant.count
    if c is None:
        return _found(audit, variant, "churn")
    found = _found(audit, variant, "modal_disagreement")
    return count_verdict(c.p, found, above=c.observed > c.floor, level=audit.settings.level)


def _found(audit: Audit, variant: VariantAudit, measure: str) -> Verdict:
    row = whole(audit.findings, variant.arm.name, measure)
    return row["verdict"] if row else "undefined"


def whole(findings: pl.DataFrame, variant: str, measure: str = "accuracy") -> dict[str, Any] | None:
    """The row about all examples."""
    rows = findings.filter(
        (pl.col("variant") == variant) & (pl.col("measure") == measure) & (pl.col("slice") == ALL)
    )
    return rows.row(0, named=True) if rows.height else None


def counts(audit: Audit) -> tuple[CountRow, ...]:
    """By sparsity where every counted variant has one, otherwise in the audit's order."""
    counted = [v for v in audit.variants if v.count is not None]
    if counted and all("sparsity" in v.arm.facts for v in counted):
        counted.sort(key=lambda v: v.arm.facts["sparsity"])
    return tuple(_count_row(audit, v, v.count) for v in counted if v.count is not None)


def counted_band(rows: Sequence[CountRow]) -> bool:
    """Whether the chart of counts has a band to explain."""
    return any(has_band(r.count.floor_low, r.count.floor_high) for r in rows)


def _count_row(audit: Audit, variant: VariantAudit, c: ExemplarCount) -> CountRow:
    found, above = _found(audit, variant, "taxicab"), c.mean_taxicab > c.mean_taxicab_floor
    return CountRow(
        name=variant.arm.name,
        fact=_fact(variant.arm),
        count=c,
        verdict=changed_verdict(audit, variant),
        taxicab_verdict=count_verdict(
            c.mean_taxicab_p, found, above=above, level=audit.settings.level
        ),
        cells=(
            f"{c.observed:,} of {c.out_of:,}",
            f"{count(c.floor)} [{number(c.floor_low, 0)}, {number(c.floor_high, 0)}]",
            probability(c.p),
            f"{c.confirmed:,}",
            f"{c.tied:,}",
            count(c.split_half),
            number(c.mean_taxicab, 4),
            f"{number(c.mean_taxicab_floor, 4)} (p {_equals(probability(c.mean_taxicab_p))})",
            f"{percent(c.reference_accuracy_on_exemplars)} → "
            f"{percent(c.variant_accuracy_on_exemplars)}",
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
