"""What an audit returns. The report, the summary and the gate read this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from undertow.audit.answered import Answered
from undertow.audit.settings import Scope, Settings
from undertow.audit.verdicts import Verdict

EXEMPLAR_COLUMNS: dict[str, type[pl.DataType]] = {
    "variant": pl.String,
    "example_id": pl.String,
    "label": pl.String,
    "reference_modal": pl.String,
    "variant_modal": pl.String,
    "reference_share": pl.Float64,
    "variant_share": pl.Float64,
    "reference_score": pl.Float64,
    "variant_score": pl.Float64,
    "taxicab": pl.Float64,
    "modal_disagreement": pl.Boolean,
    "newly_wrong": pl.Boolean,
    "newly_right": pl.Boolean,
    "p": pl.Float64,
    "q": pl.Float64,
    "rank": pl.Int64,
}
"""``exemplars.parquet``. A share is of votes for the reference's modal label; a tied modal label is
null. Scores, the means of members, are null where outcomes are right or wrong."""


@dataclass(frozen=True)
class Arm:
    """One population as the report describes it."""

    name: str
    members: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    interventions: tuple[str, ...] = ()
    facts: dict[str, float] = field(default_factory=dict)
    paired: bool = False
    """True where each member derives from a member of the reference."""
    outcome: str = "accuracy"
    """What ``accuracy`` is: that, or the mean of a graded score such as ``mean chrf``."""


@dataclass(frozen=True)
class Votes:
    """How one population votes on one example: (class name, share of members), largest first."""

    shares: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Shown:
    """One example as a person sees it. Exactly one of ``image`` (encoded bytes) and ``text`` may be
    given. ``slices`` are column and value of those that it is in, in the audit's order; a
    confidence is the mean probability that the members of a side gave to their own answers, where
    records have it."""

    example_id: str
    label: str | None
    reference: Votes
    variant: Votes
    image: bytes | None = None
    text: str | None = None
    reference_output: str | None = None
    variant_output: str | None = None
    """Of a graded task: all that the first member of either side wrote."""
    slices: tuple[tuple[str, str], ...] = ()
    reference_confidence: float | None = None
    variant_confidence: float | None = None
    reference_score: float | None = None
    variant_score: float | None = None
    """Of outcomes between right and wrong: the mean of each side's members."""


@dataclass(frozen=True)
class GalleryEntry:
    """An exemplar beside its matched control, an unchanged example that is like it
    (``Audit.control`` says in what)."""

    exemplar: Shown
    control: Shown | None
    taxicab: float
    p: float
    q: float
    confirmed: bool
    newly_wrong: bool


@dataclass(frozen=True)
class ExemplarCount:
    """How many examples changed their modal answer, beside what exchanged members give."""

    observed: int
    floor: float
    floor_low: float
    floor_high: float
    p: float
    confirmed: int
    tied: int
    """Examples whose modal label is tied in either population and which therefore count as
    undefined."""
    with_modes: int
    """Examples that have a modal label in both populations: ``observed`` is a number of these."""
    n_examples: int
    mean_taxicab: float
    mean_taxicab_floor: float
    mean_taxicab_p: float
    split_half: float
    """Mean count between two halves of the reference (NaN with fewer than four members)."""
    reference_accuracy_on_exemplars: float
    """Cross-fitted: measured on members that took no part in choosing them."""
    variant_accuracy_on_exemplars: float

    @property
    def out_of(self) -> int:
        """What ``observed`` is said to be out of: ties are no answers that could have changed."""
        return self.with_modes if self.tied else self.n_examples


@dataclass(frozen=True)
class ClassAnswers:
    """How often one class is answered, how often rightly, and how much of it is found. Counts are
    means over members; a quotient is NaN where there is nothing to divide by."""

    value: str
    reference_answers: float
    variant_answers: float
    reference_precision: float
    variant_precision: float
    reference_recall: float
    variant_recall: float
    loses_by_answers: bool
    """It is shown to lose recall and to be answered less, while what it is answered to is right as
    often or more often."""


@dataclass(frozen=True)
class Flow:
    """Answers that went from one class to another, as counts of examples (means over pairs of
    members), net of those that came back: two populations of one recipe exchange answers too, but
    as many one way as the other."""

    source: str
    target: str
    moved: float
    back: float
    net: float
    low: float
    high: float


@dataclass(frozen=True)
class Composition:
    """What the answers are made of, and where they went. ``n_answers``: examples that both sides
    answered (mean over members). ``flows``: the largest net ones first; their limits hold together
    over all ``cells``, the pairs of classes between which any answer moved. ``over``: what the
    limits allow for, other members or other examples."""

    n_answers: float
    classes: tuple[ClassAnswers, ...]
    flows: tuple[Flow, ...]
    cells: int
    over: Literal["members", "examples"]
    means: bool
    """Whether counts are means over several members."""


@dataclass(frozen=True)
class CrossedColumn:
    """Exemplars against controls in one column of numbers. ``effect``: mean difference in the
    column's unit, exemplars less controls of the same stratum, with limits that hold together over
    all columns; NaN where undefined, and ``said`` tells why. ``auroc``: how often the exemplar has
    the larger value, ties half. ``spread``: the standard deviation of a value in its stratum."""

    column: str
    unit: str
    n_exemplars: int
    n_controls: int
    unknown: int
    """Exemplars and controls left out because they have no value."""
    alone: int
    """Exemplars left out because no control is like them."""
    effect: float
    low: float
    high: float
    p: float
    p_adjusted: float
    spread: float
    auroc: float
    auroc_low: float
    auroc_high: float
    said: str


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's ρ of two columns over the ``n`` examples that have both; NaN where one does not
    vary."""

    first: str
    second: str
    rho: float
    n: int


@dataclass(frozen=True)
class Crossed:
    """What exemplars are like in columns of numbers. ``controls``: which examples they are set
    against. Correlations are of the columns with each other, with the Taxicab distance and with
    modal disagreement."""

    controls: str
    columns: tuple[CrossedColumn, ...]
    correlations: tuple[RankCorrelation, ...]


@dataclass(frozen=True)
class VariantAudit:
    """All that was found about one variant. ``headline`` is one plain sentence, ``scope`` to what
    the verdict generalises, ``design`` that in words and what could be decided."""

    arm: Arm
    headline: str
    verdict: Verdict
    scope: Scope
    design: tuple[str, ...]
    count: ExemplarCount | None
    gallery: tuple[GalleryEntry, ...]
    over_indexed: pl.DataFrame
    """slice, value, share_exemplars, share_all, ratio, n_exemplars, n_all: who is
    over-represented."""
    composition: Composition | None = None
    """``None`` where answers have no classes."""
    crossed: Crossed | None = None
    """``None`` where no column was asked for."""


@dataclass(frozen=True)
class Unasked:
    """A column that describes the examples and was not asked for, and how many values it has."""

    column: str
    values: int


@dataclass(frozen=True)
class Audit:
    """One reference against one or more variants."""

    headline: str
    verdict: Verdict
    reference: Arm
    variants: tuple[VariantAudit, ...]
    findings: pl.DataFrame
    exemplars: pl.DataFrame
    settings: Settings
    assumptions: tuple[str, ...]
    """What the comparability check assumed, excluded or could not verify."""
    n_examples: int
    task: str
    classes: tuple[str, ...]
    differences: tuple[str, ...] = ()
    """Those of the assumptions that are known differences between the two sides, besides the change
    itself."""
    pooling: str = ""
    """Of several tasks: how they were taken together."""
    scale: str = "none"
    """``smoke`` marks an audit that only proves that it runs."""
    notices: tuple[str, ...] = ()
    """What must be known before any number is read: sides that are identical, a model that gives
    one answer to nearly everything, a reference at chance, labels that are missing. The headline
    begins with them."""
    n_scored: int | None = None
    """Of the examples those that have a right answer or a score, over which accuracy is; ``None``
    where none has."""
    ordered: tuple[str, ...] = ()
    """Slices whose values have an order of their own, in which the findings list them."""
    answered: Answered = "answers"
    """What churn counts: ``answers`` that changed, ``wordings`` that differ or ``scores`` that
    moved. The last two differ where nothing got worse."""
    control: str = "same label, same answer of the reference"
    """What a control has in common with its exemplar."""
    not_looked_at: tuple[Unasked, ...] = ()
    """Columns of the examples that could be slices and are none of ``settings.by``."""
