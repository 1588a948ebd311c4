"""What the answers are made of: how often each class is answered, how often rightly, and where
answers went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from undertow.audit.result import Audit, ClassAnswers, Composition, Flow, VariantAudit
from undertow.report.effects import PANELS
from undertow.report.wording import NONE, Scale, absent, count, percent

CLASSES = 20
"""Classes of one variant that are listed, those first whose share of answers changed most."""
POINTS = Scale(True)


@dataclass(frozen=True)
class AnswerRow:
    """One class. ``before`` and ``after`` are its shares of answers; the rest is ready to print."""

    value: str
    before: float
    after: float
    answers: str
    shift: str
    interval: str
    precision: str
    recall: str
    less: bool
    """It loses recall by being answered less."""


@dataclass(frozen=True)
class FlowRow:
    source: str
    target: str
    moved: str
    back: str
    net: str
    interval: str


@dataclass(frozen=True)
class AnswersPart:
    """One variant. ``intervals`` where the shares were tested, which takes the classes as slices;
    ``cells`` are the pairs of classes over which the flows' limits hold together."""

    variant: str
    rows: tuple[AnswerRow, ...]
    classes: int
    flows: tuple[FlowRow, ...]
    cells: int
    over: str
    intervals: bool
    means: bool
    """Whether counts are means over members."""


def answers(audit: Audit) -> tuple[AnswersPart, ...]:
    """A part for each variant whose answers have classes and moved between them, the first few
    variants."""
    made = (
        (v, v.composition)
        for v in audit.variants
        if v.composition is not None and v.composition.flows
    )
    return tuple(_part(audit, v, found) for v, found in list(made)[:PANELS])


def _part(audit: Audit, variant: VariantAudit, found: Composition) -> AnswersPart:
    rows = audit.findings.filter(
        (pl.col("variant") == variant.arm.name)
        & (pl.col("slice") == "class")
        & (pl.col("measure") == "answer_share")
    )
    tested = {row["value"]: row for row in rows.iter_rows(named=True)}
    n = found.n_answers or 1.0
    chosen = sorted(
        found.classes,
        key=lambda c: (not c.loses_by_answers, -abs(c.variant_answers - c.reference_answers)),
    )
    return AnswersPart(
        variant=variant.arm.name,
        rows=tuple(_row(c, n, tested.get(c.value)) for c in chosen[:CLASSES]),
        classes=len(found.classes),
        flows=tuple(_flow(f) for f in found.flows),
        cells=found.cells,
        over=found.over,
        intervals=bool(tested),
        means=found.means,
    )


def _row(c: ClassAnswers, n: float, tested: dict[str, Any] | None) -> AnswerRow:
    before, after = c.reference_answers / n, c.variant_answers / n
    limits = () if tested is None else (tested["low"], tested["high"])
    effect = after - before if tested is None else tested["effect"]
    points = POINTS.telling(effect, *limits)
    return AnswerRow(
        value=c.value,
        before=min(before, 1.0),
        after=min(after, 1.0),
        answers=f"{count(c.reference_answers)} → {count(c.variant_answers)}",
        shift=points.effect(effect),
        interval=points.interval(*limits) if limits else NONE,
        precision=_change(c.reference_precision, c.variant_precision),
        recall=_change(c.reference_recall, c.variant_recall),
        less=c.loses_by_answers,
    )


def _change(before: float, after: float) -> str:
    return NONE if absent(before) and absent(after) else f"{percent(before)} → {percent(after)}"


def _flow(f: Flow) -> FlowRow:
    return FlowRow(
        f.source,
        f.target,
        count(f.moved),
        count(f.back),
        count(f.net),
        f"{count(f.low)} to {count(f.high)}",
    )
