"""``Study`` and ``Claim``: what a paper's study declares. Frozen, and importable without torch.

A study file reads as the paper's method section: its docstring says question, reference, variants,
measured, test and departures, and the code below repeats them in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from undertow.audit.result import Audit, ExemplarCount, VariantAudit
from undertow.audit.settings import Settings
from undertow.audit.slices.table import ALL
from undertow.audit.wording import signed
from undertow.errors import UserError
from undertow.figures import Panel
from undertow.trained import Trained

if TYPE_CHECKING:
    from undertow.lab.population import Population

Scale = Literal["smoke", "demo", "small", "paper"]
SCALES: tuple[Scale, ...] = ("smoke", "demo", "small", "paper")
"""``smoke`` only proves that it runs and is stamped so; ``demo`` is a cut of ``small`` for a first
look; ``small`` is a real result on embedded data, minutes on two cores; ``paper`` is the paper's
setting, for an accelerator."""

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
class Table:
    """A table of a study's own on its result page; cells are Markdown."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """A reference and what is set against it: one audit, with a report of its own."""

    name: str
    reference: Population
    variants: tuple[Population, ...]
    told: Callable[[Mapping[str, Trained]], pl.DataFrame] | None = None
    """As a study's."""

    @property
    def populations(self) -> tuple[Population, ...]:
        """All that it compares."""
        return (self.reference, *self.variants)

    @property
    def folder(self) -> str:
        """Of its report, inside the study's: its own name, as its reference's folder would have
        it."""
        return replace(self.reference, name=self.name).folder


@dataclass(frozen=True)
class Study:
    """A question, a reference, its variants, and what the paper claims about them.

    ``beside`` are populations that are trained too and not audited: claims, ``tables`` and
    ``figure`` read them by name. ``others`` are further comparisons, each audited as the first one
    is; the first one's report is the study's.
    """

    name: str
    method: str
    reference: Population
    variants: tuple[Population, ...]
    claims: tuple[Claim, ...] = ()
    settings: Settings = field(default_factory=Settings)
    beside: tuple[Population, ...] = ()
    others: tuple[Comparison, ...] = ()
    tables: Callable[[Results], Sequence[Table]] | None = None
    figure: Callable[[Results], Sequence[Panel]] | None = None
    told: Callable[[Mapping[str, Trained]], pl.DataFrame] | None = None
    """Of the trained populations: ``example_id`` and numbers, in each of which exemplars are set
    against controls (``audit.crossed``). They have to come from one that is not compared."""

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All of them, the first one by the study's own name."""
        return (Comparison(self.name, self.reference, self.variants, self.told), *self.others)

    @property
    def populations(self) -> tuple[Population, ...]:
        """All that are trained, but for parents and teachers."""
        return (*(p for c in self.comparisons for p in c.populations), *self.beside)


@dataclass(frozen=True)
class Results:
    """An audit as claims read it. A number that was not measured raises ``KeyError``, so no claim
    holds by accident."""

    audit: Audit
    populations: Mapping[str, Trained] = field(default_factory=dict)
    others: Mapping[str, Audit] = field(default_factory=dict)
    """The audits of the study's other comparisons, by name."""

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


def held(condition: bool, evidence: str) -> Outcome:
    """An outcome from a condition and the numbers behind it."""
    return Outcome("held" if condition else "not held", evidence)


def claim(text: str, source: str) -> Callable[[Callable[[Results], Outcome]], Claim]:
    """Turn a check into a claim: the sentence stands above the code that tests it."""
    return lambda check: Claim(text, source, check)


def untested(text: str, source: str, reason: str) -> Claim:
    """A claim of the paper that this study cannot put to the test, with the reason."""
    return Claim(text, source, lambda _: Outcome("not testable", reason))


def claims_in(names: dict[str, Any]) -> tuple[Claim, ...]:
    """The claims of a study's file in the order in which it makes them:
    ``claims_in(globals())``."""
    return tuple(value for value in names.values() if isinstance(value, Claim))


def judge(claim: Claim, results: Results) -> Outcome:
    """The claim's outcome. It is not testable, with the reason, where a number it needs is missing
    or undefined, or where it fails on a finding that is too small to tell."""
    try:
        outcome = claim.check(results)
    except KeyError as missing:
        return Outcome("not testable", str(missing.args[0]))
    if not isinstance(outcome, Outcome):
        raise UserError(
            f"claim {claim.text!r}: its check returned {outcome!r}; it must return an Outcome, "
            "such as held(condition, evidence)"
        )
    undecided = outcome.status == "not held" and "too small to tell" in outcome.evidence
    return (
        Outcome("not testable", outcome.evidence)
        if undecided or "nan" in outcome.evidence
        else outcome
    )


def points(fraction: float) -> str:
    """A fraction as points with its sign, for evidence: −1.3."""
    return signed(fraction)
