"""``Study`` and ``Claim``: what a paper's study declares. Frozen, and importable without torch.

A study file reads as the paper's method section: its docstring says question, reference, variants, measured, test and
departures, and the code below repeats them in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import polars as pl

from undertow.audit.result import Audit, ExemplarCount, Settings, VariantAudit

if TYPE_CHECKING:
    from undertow.lab.population import Population

Scale = Literal["smoke", "demo", "small", "paper"]
SCALES: tuple[Scale, ...] = ("smoke", "demo", "small", "paper")
"""``smoke`` only proves that it runs and is stamped so; ``demo`` is a cut of ``small`` for a first look; ``small`` is a
real result on embedded data, minutes on two cores; ``paper`` is the paper's setting, for an accelerator."""

Status = Literal["held", "not held", "not testable"]


@dataclass(frozen=True)
class Outcome:
    """What became of a claim, with the numbers that decided it."""

    status: Status
    evidence: str


@dataclass(frozen=True)
class Claim:
    """What a paper leads us to expect. Claims are reported, never enforced."""

    text: str
    source: str
    check: Callable[[Results], Outcome]


@dataclass(frozen=True)
class Study:
    """A question, a reference, its variants, and what the paper claims about them."""

    name: str
    method: str
    reference: Population
    variants: tuple[Population, ...]
    claims: tuple[Claim, ...] = ()
    settings: Settings = field(default_factory=Settings)
    published: str = ""
    """The paper's own numbers in Markdown, each with how sure we are of it, to stand beside ours."""


@dataclass(frozen=True)
class Results:
    """An audit as claims read it. A number that was not measured raises ``KeyError``, so no claim holds by accident."""

    audit: Audit

    def variant(self, name: str) -> VariantAudit:
        """Everything found about one variant."""
        return {v.arm.name: v for v in self.audit.variants}[name]

    def count(self, name: str) -> ExemplarCount:
        """The variant's exemplar count with its floor."""
        count = self.variant(name).count
        if count is None:
            raise KeyError(f"{name} has no exemplar count: it takes two members a side")
        return count

    def findings(self, variant: str, measure: str, slice: str | None = None) -> pl.DataFrame:
        """Rows of one measure, optionally of one slice column (``all`` for the whole)."""
        rows = self.audit.findings.filter((pl.col("variant") == variant) & (pl.col("measure") == measure))
        return rows if slice is None else rows.filter(pl.col("slice") == slice)

    def overall(self, variant: str, measure: str) -> dict[str, float]:
        """The finding about every example, by column name."""
        rows = self.findings(variant, measure, "all")
        if rows.height != 1:
            raise KeyError(f"{rows.height} findings of {measure} over all examples of {variant}, wanted 1")
        return rows.row(0, named=True)


def held(condition: bool, evidence: str, *, testable: bool = True) -> Outcome:
    """An outcome from a condition; not testable where the design could not have shown it."""
    if not testable:
        return Outcome("not testable", evidence)
    return Outcome("held" if condition else "not held", evidence)


def judge(claim: Claim, results: Results) -> Outcome:
    """The claim's outcome; a number it needs and the audit lacks makes it not testable, with the reason."""
    try:
        outcome = claim.check(results)
    except KeyError as missing:
        return Outcome("not testable", str(missing.args[0]))
    return Outcome("not testable", outcome.evidence) if "nan" in outcome.evidence.split() else outcome


def points(fraction: float) -> str:
    """A fraction as points with its sign, for evidence: −1.3."""
    return "nan" if math.isnan(fraction) else f"{100 * fraction:+.1f}".replace("-", "−")
