"""``audit``: one reference against its variants, from records to everything a report shows.

align → slices → findings (by members, or by examples) → exemplars → verdict
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit import by_members, wording
from undertow.audit.answered import answered
from undertow.audit.at_chance import but_below_chance
from undertow.audit.class_unasked import class_unasked, lost_unasked
from undertow.audit.composition import composition, with_reasons
from undertow.audit.controls import shared
from undertow.audit.copies import distinct
from undertow.audit.count import exemplar_count
from undertow.audit.crossed import crossed
from undertow.audit.exemplars import Exemplars
from undertow.audit.findings import findings_frame
from undertow.audit.gather import gather
from undertow.audit.headline import audit_headline, variant_headline, with_notices
from undertow.audit.left_out import left_out_said, way_to_count
from undertow.audit.lost_at_most import LostAtMost, lost_at_most
from undertow.audit.measures import (
    accuracy,
    all_measures,
    error,
    modal_disagreement,
    over_index,
    taxicab,
    total_variation,
)
from undertow.audit.measures.error_rates import mistakes
from undertow.audit.needs import supported
from undertow.audit.notices import notices, scored_N
from undertow.audit.numbers_asked import numbers_asked
from undertow.audit.other_outcomes import worse_outcomes
from undertow.audit.pair import Pair
from undertow.audit.result import Arm, Audit, ExemplarCount, VariantAudit
from undertow.audit.settings import Settings
from undertow.audit.slices.disputed import said_of_disputed
from undertow.audit.slices.refused import columns_asked, refuse_slices
from undertow.audit.slices.table import ALL
from undertow.audit.stats.bootstrap import bootstrap_mean
from undertow.audit.stats.slice_means import overall_means
from undertow.audit.unasked import unasked
from undertow.audit.verdicts import PRIORITY, variant_verdict
from undertow.audit.wording import LEFT_OUT
from undertow.card import Measure
from undertow.errors import UserError
from undertow.records.check import Aligned, align
from undertow.records.reading import Missing
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]

LONGEST_CELL = 80
"""Letters of a cell that is left out."""
IMPLAUSIBLE_GAIN = 0.05
"""Of accuracy on the whole, as a fraction; a compressed or retrained model does not gain this by
itself."""
RESTATED = (error, total_variation)
"""One minus accuracy and half of Taxicab: a table that says everything twice is read half as
well."""


def default_measures() -> tuple[Measure, ...]:
    """All measures, less those that restate another exactly."""
    return tuple(m for m in all_measures() if m not in RESTATED)


@dataclass(frozen=True, eq=False)
class Comparison:
    """One variant beside the reference, aligned, with what that assumed and which known differences
    remain."""

    pair: Pair
    aligned: Records
    """The reference as it was aligned, all members: what its own top line counts."""
    assumptions: tuple[str, ...]
    differences: tuple[str, ...]
    warned: tuple[str, ...] = ()
    """What must be known before any number: members that repeat one model, right answers that one
    side alone gives."""
    coverage: str = ""
    """On how many of the examples, where not on all; part of the verdict."""
    disputed: Collection[str] = ()
    """Columns that the two sides fill in differently."""
    alone: Collection[str] = ()
    """Columns that one side alone fills in."""
    numbers: Mapping[str, Floats] = field(default_factory=dict)
    """Columns in which exemplars are set against controls, in the order of the pair's examples."""
    left_out: int = 0
    """Examples that a side has and that are not compared."""
    left_out_way: str = ""
    """How those that the variant lacks count as wrong."""
    left_out_cost: str = ""
    """What those would cost to which the variant alone has no answer, a sentence."""
    lost: LostAtMost | None = None
    """What the variant may have lost among all that are not compared."""


def audit(
    reference: Records,
    variants: Sequence[Records],
    settings: Settings | None = None,
    *,
    measures: Sequence[Measure] | None = None,
    allow_partial: bool = False,
    accepted: Collection[str] = (),
    missing: Missing = "refuse",
    told: pl.DataFrame | None = None,
) -> Audit:
    """Compare each variant with the reference.

    ``accepted`` names conditions that may differ (``records.conditions``); ``missing`` says what
    becomes of outcomes that are not there (``records.check.align``). ``told`` has ``example_id``
    and columns of numbers: exemplars are set against controls in those that ``settings.cross``
    names, or in all of them where it names none. They must come from a population that takes no
    part: a frame does not say whose answers it holds, so nothing here refuses kin. Raises
    ``NotComparableError`` where the records differ in something a comparison assumes equal,
    ``UserError`` for a slice or a column that does not exist. Every number follows from the records
    and ``settings.seed``.
    """
    settings = settings or Settings()
    compared = comparisons(
        reference,
        variants,
        settings,
        allow_partial=allow_partial,
        accepted=accepted,
        missing=missing,
        told=told,
    )
    return audit_comparisons(reference, compared, settings, measures=measures)


def comparisons(
    reference: Records,
    variants: Sequence[Records],
    settings: Settings,
    *,
    allow_partial: bool = False,
    accepted: Collection[str] = (),
    missing: Missing = "refuse",
    ruled: Collection[str] = (),
    told: pl.DataFrame | None = None,
) -> tuple[Comparison, ...]:
    """Each variant aligned with the reference; the comparability check comes before any number.
    ``ruled`` are slices that a policy names."""

    def counting(before: Records, after: Records) -> Pair:
        wrong = align(before, after, allow_partial=True, accepted=accepted, missing="wrong")
        return _pair(wrong, settings)[0]

    _distinct_names(reference, variants)
    made = []
    for variant in variants:
        aligned = align(
            reference, variant, allow_partial=allow_partial, accepted=accepted, missing=missing
        )
        alone = _alone(reference, variant)
        refuse_slices(aligned, settings.by, ruled, alone)
        numbers = numbers_asked(aligned, settings.cross, told, alone)
        pair, repeated = _pair(aligned, settings)
        unlike = left_out_said(reference, variant, aligned, settings.by, missing, counting)
        assumptions = (*variant.manifest.notes, *aligned.assumptions, *unlike.said)
        warned = (
            *unlike.said,
            *said_of_disputed(aligned, columns_asked(aligned.reference, settings.by)),
            *repeated,
            *_own_key(reference, variant),
            *worse_outcomes(pair, reference, variant),
        )
        made.append(
            Comparison(
                pair,
                aligned.reference,
                assumptions,
                aligned.differences,
                warned,
                aligned.coverage,
                frozenset(aligned.disputed),
                frozenset(alone),
                numbers,
                aligned.left_out,
                way_to_count(reference, variant, aligned, missing),
                unlike.cost,
                lost_at_most(reference, variant, aligned) if aligned.left_out else None,
            )
        )
    return tuple(made)


def _pair(aligned: Aligned, settings: Settings) -> tuple[Pair, tuple[str, ...]]:
    """Both sides with each model once, and what is said of those that stand there twice."""
    whole = Pair(aligned.reference, aligned.variant, aligned.paired, settings)
    found = distinct(
        aligned.reference,
        aligned.variant,
        paired=aligned.paired,
        settings=settings,
        clusters=None if whole.clusters is None else whole.clusters.count,
    )
    pair = Pair(found.reference, found.variant, aligned.paired, settings, found.scope, whole)
    return pair, found.said


def _alone(reference: Records, variant: Records) -> dict[str, str]:
    """Columns that one side alone fills in, and which."""
    filled = [
        {c for c in side.slice_columns if side.examples[c].null_count() < side.N}
        for side in (reference, variant)
    ]
    return {
        column: side.name
        for side, mine, other in zip((reference, variant), filled, filled[::-1], strict=True)
        for column in mine - other
    }


def _own_key(reference: Records, variant: Records) -> Iterator[str]:
    """A variant that brings the right answers is marked by its own key."""
    if not reference.outcome_known and variant.outcome_known and variant.score_MN is None:
        yield (
            f"The right answers are those of {variant.name!r}; {reference.name!r} has none to "
            "check them against."
        )


def audit_comparisons(
    reference: Records,
    compared: Sequence[Comparison],
    settings: Settings,
    *,
    measures: Sequence[Measure] | None = None,
) -> Audit:
    """The audit of variants that are aligned already."""
    made = [_one_variant(c, measures or default_measures()) for c in compared]
    found = tuple(
        _covered(variant, c.coverage) for (variant, _, _), c in zip(made, compared, strict=True)
    )
    first, sides = compared[0].pair, [c.pair.reference for c in compared]
    shown, said = _shown(reference, [c.aligned for c in compared])
    assumptions = (*reference.manifest.notes, *(a for c in compared for a in c.assumptions), *said)
    warned = tuple(dict.fromkeys(notice for c in compared for notice in _warned(c)))
    findings = pl.concat([findings for _, findings, _ in made])
    return Audit(
        headline=with_notices(audit_headline(found, findings), warned),
        verdict=min((v.verdict for v in found), key=PRIORITY.index),
        reference=_arm(shown, settings, paired=False),
        variants=found,
        findings=findings,
        exemplars=pl.concat([exemplars for _, _, exemplars in made]),
        settings=settings,
        assumptions=tuple(dict.fromkeys(assumptions)),
        n_examples=max(records.N for records in sides),
        task=reference.manifest.task,
        classes=max((records.answer_classes for records in sides), key=len)
        if reference.answers is None
        else (),
        differences=tuple(dict.fromkeys(d for c in compared for d in c.differences)),
        pooling=pooling_rule(sides[0]),
        scale=reference.manifest.scale,
        notices=warned,
        n_scored=max(int(scored_N(c.pair).sum()) for c in compared) or None,
        ordered=tuple(dict.fromkeys(name for c in compared for name in c.pair.slices.ordered)),
        answered=answered(first.reference, *(c.pair.variant for c in compared)),
        control=shared(first.reference, votes=first.design.mode == "members"),
        not_looked_at=(
            *class_unasked(compared[0].aligned, settings.by),
            *unasked(
                reference,
                compared[0].aligned,
                settings.by,
                settings.min_count,
                frozenset[str]().union(*(c.disputed for c in compared)),
                frozenset[str]().union(*(c.alone for c in compared)),
            ),
        ),
    )


def _warned(compared: Comparison) -> Iterator[str]:
    """What must be known before any number of one comparison."""
    yield from notices(compared.pair)
    yield from compared.warned
    yield from lost_unasked(compared.pair)


def _covered(variant: VariantAudit, coverage: str) -> VariantAudit:
    """With what the verdict must say of its examples."""
    return replace(variant, headline=f"{variant.headline} {coverage}") if coverage else variant


def pooling_rule(records: Records) -> str:
    """Of several tasks: how the top line takes them together."""
    tasks = records.examples["task"].n_unique() if "task" in records.examples.columns else 0
    if tasks < 2:
        return ""
    return (
        f"The whole pools {tasks} tasks: every example counts the same, so a task counts by its "
        "number of examples."
    )


def _shown(reference: Records, compared: Sequence[Records]) -> tuple[Records, tuple[str, ...]]:
    """The reference as its top line must count it: with the examples and labels that were compared,
    all members.

    Where variants were compared on different examples there is no one top line; then all of its own
    are counted.
    """
    first = compared[0]
    if all(records.example_id_N.equals(first.example_id_N) for records in compared):
        if first.M == reference.M:
            return first, ()
        where = {example: n for n, example in enumerate(reference.example_id_N)}
        if reference.classes == first.classes:
            kept = reference.take_examples(
                np.array([where[e] for e in first.example_id_N], dtype=np.intp)
            )
            return replace(kept, examples=first.examples), ()
    return reference, (
        f"The accuracy shown for {reference.name!r} is over all of its own {reference.N:,} "
        "examples; findings are over those compared.",
    )


def _distinct_names(reference: Records, variants: Sequence[Records]) -> None:
    if not variants:
        raise UserError("there is no variant to compare: give at least one after --against")
    names = [reference.name, *(v.name for v in variants)]
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"two populations are both named {name!r}: rename one, findings are "
                "told apart by name"
            )


def _one_variant(
    compared: Comparison, measures: Sequence[Measure]
) -> tuple[VariantAudit, pl.DataFrame, pl.DataFrame]:
    pair = compared.pair
    usable, reasons = supported(measures, pair.reference, pair.variant)
    exemplars = Exemplars(pair)
    gathered = gather(pair, usable)
    frame = findings_frame(gathered.findings)
    # A count is set against exchanged members, which one alone does not have.
    counted = pair.design.mode == "members" and pair.design.tells
    count = _counted(pair, exemplars, gathered.draws) if counted else None
    made_of = composition(pair, frame)
    frame = with_reasons(frame, made_of)
    arm = _arm(pair.variant, pair.settings, paired=pair.paired)
    verdict = variant_verdict(frame, pair.settings)
    headline = variant_headline(
        arm,
        frame,
        count,
        made_of,
        floored=pair.design.repeats > 0,
        level=pair.settings.level,
        mistakes=mistakes(pair.reference),
        answered=answered(pair.reference, pair.variant),
    )
    loses = verdict not in ("better", "within tolerance")
    but = but_below_chance(pair.reference, pair.variant, pair.cluster_N, loses=loses)
    headline = f"{headline} {but}".rstrip()
    made = VariantAudit(
        arm=arm,
        headline=headline,
        verdict=verdict,
        scope=pair.design.scope,
        design=(
            *pair.design.sentences(),
            *_implausible(frame),
            *_left_out(pair),
            *(f"{name} is left out: {reason}." for name, reason in reasons.items()),
        ),
        count=count,
        gallery=exemplars.gallery(),
        over_indexed=over_index(exemplars.changed_N, pair.slices),
        composition=made_of,
        crossed=crossed(exemplars, compared.numbers),
    )
    return made, frame, exemplars.frame()


def _implausible(findings: pl.DataFrame) -> Iterator[str]:
    """A large gain is a finding, not a success: it is more often a leak or another prompt than a
    better model."""
    rows = findings.filter((pl.col("measure") == accuracy.card.name) & (pl.col("slice") == ALL))
    if rows.height and rows["low"][0] > IMPLAUSIBLE_GAIN:
        said = wording.told(rows["effect"][0], rows["low"][0], rows["high"][0])
        yield (
            f"The gain of {said.effect} points ({said.low} to {said.high}) is larger than is "
            "plausible: look for leaked answers, another prompt or filter."
        )


def _left_out(pair: Pair) -> Iterator[str]:
    """Slice values that are in no finding, counted."""
    for column, (cells, largest, examples) in pair.slices.too_small.items():
        if cells:
            what = "1 cell is" if cells == 1 else f"{cells:,} cells are"
            named = (
                f"{'' if cells == 1 else 'the largest is '}{largest[:LONGEST_CELL]} ({examples:,})"
            )
            yield (f"Of {column}, {what} {LEFT_OUT} {pair.settings.min_count} examples: {named}.")
    for column, values in pair.slices.empty.items():
        if values:
            yield (
                f"Of {column}, {values:,} {'value has' if values == 1 else 'values have'} no "
                "example."
            )


def _counted(pair: Pair, exemplars: Exemplars, draws: Mapping[str, Floats]) -> ExemplarCount:
    if not {taxicab.card.name, modal_disagreement.card.name} <= draws.keys():
        draws = {**draws, **by_members.vote_findings(pair, [taxicab, modal_disagreement])[1]}
    return exemplar_count(exemplars, draws[by_members.CHANGED], draws[taxicab.card.name])


def _arm(records: Records, settings: Settings, *, paired: bool) -> Arm:
    accuracy_M = overall_means(accuracy(records))
    low, high = bootstrap_mean(
        accuracy_M, draws=settings.draws, level=settings.level, rng=_arm_rng(settings, records)
    )
    return Arm(
        name=records.name,
        members=records.M,
        accuracy=float(np.mean(accuracy_M)),
        accuracy_low=float(np.clip(low, 0.0, 1.0)),
        accuracy_high=float(np.clip(high, 0.0, 1.0)),
        outcome=records.outcome,
        interventions=records.manifest.interventions,
        facts=dict(records.manifest.facts),
        paired=paired,
    )


def _arm_rng(settings: Settings, records: Records) -> np.random.Generator:
    return np.random.default_rng([settings.seed, *records.name.encode()])
