"""What a paper's study declares. Frozen, and importable without torch.

A study file reads as the paper's method section: its docstring says question, reference, variants,
measured, test and departures, and the code below repeats them in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from undertow.audit.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from undertow.lab.population import Population
    from undertow.study.claims import Claim
    from undertow.study.figures import Panel
    from undertow.study.measurement import Measurement
    from undertow.study.results import Results
    from undertow.study.trained import Trained

Scale = Literal["smoke", "demo", "small", "paper"]
SCALES: tuple[Scale, ...] = ("smoke", "demo", "small", "paper")
"""``smoke`` only proves that it runs and is stamped so; ``demo`` is a cut of ``small`` for a first
look; ``small`` is a real result on embedded data, minutes on two cores; ``paper`` is the paper's
setting, for an accelerator."""


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
    measurements: Mapping[str, Measurement] = field(default_factory=dict)
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
        compared = (p for c in self.comparisons for p in c.populations)
        measured = (p for m in self.measurements.values() for p in m.populations)
        return (*compared, *self.beside, *measured)
