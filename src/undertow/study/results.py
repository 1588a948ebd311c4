"""What a study found, as its claims, tables and figures read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from undertow.audit.result import Audit, ExemplarCount, VariantAudit
from undertow.audit.slices.table import ALL

if TYPE_CHECKING:
    from undertow.study.measurement import Found
    from undertow.study.trained import Trained


@dataclass(frozen=True)
class Results:
    """An audit as claims read it. A number that was not measured raises ``KeyError``, so no claim
    holds by accident."""

    audit: Audit
    populations: Mapping[str, Trained] = field(default_factory=dict)
    others: Mapping[str, Audit] = field(default_factory=dict)
    """The audits of the study's other comparisons, by name."""
    measured: Mapping[str, Found] = field(default_factory=dict)
    """What was measured beside records, by the measurement's name."""

    def within(self, comparison: str) -> Results:
        """The same of another comparison."""
        if comparison not in self.others:
            raise KeyError(f"this scale has no comparison {comparison!r}")
        return replace(self, audit=self.others[comparison])

    def of(self, name: str) -> Trained:
        """What the members of a population gave."""
        if name not in self.populations:
            raise KeyError(f"this scale has no population {name!r}")
        return self.populations[name]

    def measurement(self, name: str) -> Found:
        """What was measured under this name."""
        if name not in self.measured:
            raise KeyError(f"this scale measures no {name!r}")
        return self.measured[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The variants in the study's order."""
        return tuple(v.arm.name for v in self.audit.variants)

    def variant(self, name: str) -> VariantAudit:
        """Everything found about one variant."""
        for variant in self.audit.variants:
            if variant.arm.name == name:
                return variant
        raise KeyError(f"this scale has no arm {name!r}")

    def count(self, name: str) -> ExemplarCount:
        """The variant's exemplar count with its floor."""
        count = self.variant(name).count
        if count is None:
            raise KeyError(f"{name} has no exemplar count: it takes two members a side")
        return count

    def against_floor(self, name: str) -> str:
        """The exemplar count beside its floor, in words."""
        count = self.count(name)
        return f"{count.observed} exemplars, floor {count.floor_low:.0f} to {count.floor_high:.0f}"

    def above_floor(self, name: str) -> tuple[float, float]:
        """The exemplar count less the ends of its floor's range, low and high."""
        count = self.count(name)
        return count.observed - count.floor_high, count.observed - count.floor_low

    def taxicab_above_floor(self, name: str) -> float:
        """Mean Taxicab distance, 0 to 2, less its floor: paired and independent members have floors
        of their own."""
        count = self.count(name)
        return count.mean_taxicab - count.mean_taxicab_floor

    def findings(self, variant: str, measure: str, slice: str | None = None) -> pl.DataFrame:
        """Rows of one measure, optionally of one slice column (``all`` for the whole)."""
        self.variant(variant)
        rows = self.audit.findings.filter(
            (pl.col("variant") == variant) & (pl.col("measure") == measure)
        )
        rows = rows if slice is None else rows.filter(pl.col("slice") == slice)
        if rows.height == 0:
            raise KeyError(f"no finding of {measure} on {slice or 'any slice'} for {variant}")
        return rows

    def overall(self, variant: str, measure: str) -> dict[str, Any]:
        """The finding about every example, by column name."""
        return self.findings(variant, measure, ALL).row(0, named=True)

    def finding(self, variant: str, measure: str, slice: str, value: str) -> dict[str, Any]:
        """The finding about one value of one slice column."""
        rows = self.findings(variant, measure, slice).filter(pl.col("value") == value)
        if rows.height == 0:
            raise KeyError(f"no slice {slice} = {value}")
        return rows.row(0, named=True)

    def lowest(self, variant: str, measure: str, slice: str) -> dict[str, Any]:
        """The finding with the smallest effect on one slice column."""
        return (
            self.findings(variant, measure, slice)
            .sort("effect", maintain_order=True)
            .row(0, named=True)
        )

    def verdicts(self, variant: str, measure: str) -> list[str]:
        """The verdicts of one measure on the whole and on every slice."""
        return self.findings(variant, measure)["verdict"].to_list()

    def over_index(self, variant: str, slice: str, value: str) -> float:
        """Share of a slice among exemplars over its share among all examples."""
        rows = self.variant(variant).over_indexed.filter(
            (pl.col("slice") == slice) & (pl.col("value") == value)
        )
        if rows.height != 1:
            raise KeyError(f"no slice {slice} = {value}")
        return float(rows["ratio"][0])
