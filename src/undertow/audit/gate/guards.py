"""What has to be looked into before the rules of a policy mean anything: each leaves the verdict
open where it finds something, and is silent otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from undertow.audit.at_chance import at_chance, below_chance
from undertow.audit.exchanged import ONE_ANOTHER
from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.little_to_lose import little_to_lose
from undertow.audit.gate.other_reading import worse_if_grade, worse_if_probability
from undertow.audit.gate.policy import Policy
from undertow.audit.gate.result import (
    AT,
    BELOW,
    BETTER,
    BOTH,
    CONTRARY,
    GAIN,
    IDENTICAL,
    LITTLE,
    READING,
    TOLD,
    WIDE,
    Decision,
)
from undertow.audit.gate.rules._rule import number, shift_span
from undertow.audit.gate.rules.max_drop import MaxDrop
from undertow.audit.notices import on_both_sides
from undertow.audit.slices.table import ALL
from undertow.records.classes_told import MARK, told_by_answers
from undertow.records.contrary_scale import scaled_contrary
from undertow.records.grade_scale import GRADES, TO_TYPE, TURNED
from undertow.records.read_as_grade import graded_by_doubt
from undertow.records.records import Records
from undertow.records.same_records import score_for_all
from undertow.records.wide_scale import wide_scale


def guards(
    evidence: Evidence,
    policy: Policy,
    left_out: int = 0,
    way: str = "",
    *,
    alike: Sequence[str] | None = None,
) -> Iterator[Decision]:
    """Those that find something on one variant, of which ``left_out`` examples are not compared;
    ``way`` says how those that it lacks count as wrong, ``alike`` is there if it holds the same
    answers as the reference, and has columns that differ and may be the answers."""
    if alike is not None and policy.identical == "refused":
        yield _alike(evidence, alike)
    below = [*_below(evidence, policy)]
    yield from below or _at(evidence, policy)
    yield from _told(evidence, policy)
    yield from _graded(evidence, policy)
    yield from _contrary(evidence, policy)
    yield from _wide(evidence, policy)
    yield from _other_reading(evidence, policy)
    yield from _little(evidence, policy)
    yield from _gain(evidence, policy, left_out, way)
    yield from _both_sides(evidence)


def _alike(evidence: Evidence, columns: Sequence[str]) -> Decision:
    if columns:
        return _equal_beside(evidence, columns)
    is_one = score_for_all(evidence.pair.reference) not in (None, 1)
    return _one_score(evidence) if is_one else _identical(evidence)


def _one_score(evidence: Evidence) -> Decision:
    """Of two files with one score for everything, which is no outcome."""
    reference, variant = evidence.pair.reference, evidence.pair.variant
    return opened(
        evidence,
        IDENTICAL,
        reference.N,
        (
            f"{reference.name!r} and {variant.name!r} have one and the same score for every "
            "example, so nothing was compared. Name the column that says how good an answer is "
            'with --score; if it is this one, write identical = "allowed" at the top of the policy.'
        ),
    )


def _identical(evidence: Evidence) -> Decision:
    """Of a file and its copy."""
    reference, variant = evidence.pair.reference, evidence.pair.variant
    return opened(
        evidence,
        IDENTICAL,
        reference.N,
        (
            f"{reference.name!r} and {variant.name!r} hold the same, in every answer and every "
            "column, so nothing was compared. Check that these are the files that you meant; if a "
            'model may be gated against itself, write identical = "allowed" at the top of the '
            "policy."
        ),
    )


def _equal_beside(evidence: Evidence, columns: Sequence[str]) -> Decision:
    """Of two files whose answers were looked for in a column that is no answer."""
    reference, variant = evidence.pair.reference, evidence.pair.variant
    said = ", ".join(map(repr, columns))
    those, are = ("one of them", "they are") if len(columns) > 1 else (said, "it is")
    return opened(
        evidence,
        IDENTICAL,
        reference.N,
        (
            f"{reference.name!r} and {variant.name!r} hold the same answers, and differ in {said}, "
            f"so it may be that nothing was compared. If {those} is what the models answered, "
            f"name it with --prediction or --score; if {are} not, write "
            'identical = "allowed" at the top of the policy.'
        ),
    )


def _below(evidence: Evidence, policy: Policy) -> Iterator[Decision]:
    """Open where a side is shown to do worse than guessing; silent otherwise."""
    pair = evidence.pair
    found = below_chance(pair.reference, pair.variant, pair.cluster_N)
    if found and policy.below_chance == "refused":
        # Names are exchanged by a file; a model does less than guessing where it is misled.
        may = "If it may be, as a weak model or one asked to be misled,"
        if all(ONE_ANOTHER in sentence for sentence in found):
            may = "If the names are right and the model does mix these classes up,"
        way = f'{may} write below_chance = "allowed" at the top of the policy.'
        yield opened(evidence, BELOW, len(found), " ".join((*found, way)))


def _at(evidence: Evidence, policy: Policy) -> Iterator[Decision]:
    """Open where the reference is not shown to do better than guessing; silent otherwise."""
    pair = evidence.pair
    found = at_chance(pair.reference, pair.cluster_N)
    if found and policy.at_chance == "refused" and policy.below_chance == "refused":
        way = (
            "Check that its answers and the labels belong together, and that the labels are the "
            "right answers. If it may be no better, write "
            'at_chance = "allowed" at the top of the policy.'
        )
        yield opened(evidence, AT, 1, f"{found} {way}")


def _little(evidence: Evidence, policy: Policy) -> Iterator[Decision]:
    """Open where a limit is most of what the reference has right; silent otherwise."""
    found = little_to_lose(evidence.pair, policy)
    if found and policy.little_to_lose == "refused":
        way = (
            "If so little may be decided by, write "
            'little_to_lose = "allowed" at the top of the policy.'
        )
        yield opened(evidence, LITTLE, 1, f"{found} {way}")


def _other_reading(evidence: Evidence, policy: Policy) -> Iterator[Decision]:
    """Open where a score got worse by the reading that was not chosen; silent otherwise."""
    if policy.other_reading == "allowed":
        return
    pair = evidence.pair
    drops = [r.points for r in policy.rules if isinstance(r, MaxDrop) and r.tier == "required"]
    limit = min(drops, default=0.0) / 100
    found = (*worse_if_probability(pair), *worse_if_grade(pair, limit))
    if found:
        way = (
            "If it is read as it should be, write "
            'other_reading = "allowed" at the top of the policy.'
        )
        yield opened(evidence, READING, len(found), " ".join((*found, way)))


def _told(evidence: Evidence, policy: Policy) -> Iterator[Decision]:
    """Open where a side's own answers told the order of its classes; silent otherwise."""
    found = tuple(told_by_answers(evidence.pair.reference, evidence.pair.variant))
    if found and policy.classes_told == "refused":
        way = (
            f"Once it is checked, leave {MARK} out of the file, or write "
            'classes_told = "allowed" at the top of the policy.'
        )
        yield opened(evidence, TOLD, len(found), " ".join((*found, way)))


def _graded(evidence: Evidence, policy: Policy) -> Iterator[Decision]:
    """Open where grades have a name that leaves open which way is better; silent otherwise."""
    found = tuple(graded_by_doubt(evidence.pair.reference, evidence.pair.variant))
    if found and policy.more_is_better == "refused":
        way = (
            f"Say which with {TO_TYPE}, 1,0 where less is better, which reads 1 minus it, and 0,1 "
            'where more is, or write more_is_better = "allowed" at the top of the policy.'
        )
        yield opened(evidence, BETTER, len(found), " ".join((*found, way)))


def _contrary(evidence: Evidence, policy: Policy) -> Iterator[Decision]:
    """Open where a scale is the contrary of what the column's name says; silent otherwise."""
    found = tuple(scaled_contrary(evidence.pair.reference, evidence.pair.variant))
    if found and policy.contrary_scale == "refused":
        way = (
            "Exchange the ends of --scale, or, if they are right as they are, write "
            'contrary_scale = "allowed" at the top of the policy.'
        )
        yield opened(evidence, CONTRARY, len(found), " ".join((*found, way)))


def _wide(evidence: Evidence, policy: Policy) -> Iterator[Decision]:
    """Open where grades reach over little of the scale that was told; silent otherwise."""
    found = wide_scale(evidence.pair.reference, evidence.pair.variant)
    if found and policy.wide_scale == "refused":
        way = (
            f"Add {TO_TYPE} with the worst and the best number that an answer can have in earnest, "
            'or, if the scale is right, write wide_scale = "allowed" at the top of the policy.'
        )
        yield opened(evidence, WIDE, 1, f"{found} {way}")


def _both_sides(evidence: Evidence) -> Iterator[Decision]:
    """Open where a file seems to stand on both sides, which draws the sides together; silent
    otherwise."""
    found = on_both_sides(evidence.pair)
    if not found:
        return
    mine, other = found[0]
    yield opened(
        evidence,
        BOTH,
        len(found),
        (
            f"Member {mine!r} of {evidence.pair.reference.name!r} and member {other!r} of "
            f"{evidence.pair.variant.name!r} gave the same answers to every example, and other "
            "members did not: take the file off one side."
        ),
    )


def opened(evidence: Evidence, rule: str, observed: int, reason: str) -> Decision:
    """A guard's decision that something has to be looked into first."""
    return Decision(
        rule=rule,
        variant=evidence.pair.variant.name,
        slice=ALL,
        value="",
        tier="required",
        outcome="cannot tell",
        limit=0.0,
        observed=float(observed),
        low=math.nan,
        high=math.nan,
        n_examples=evidence.pair.reference.N,
        reason=reason,
    )


def _gain(evidence: Evidence, policy: Policy, left_out: int, way: str) -> Iterator[Decision]:
    """Open where accuracy, or a mean score, is shown to have gained more than is plausible on the
    whole; silent otherwise."""
    pair = evidence.pair
    limits = evidence.shift(
        pair.reference.correct_MN, pair.variant.correct_MN, np.array([0]), policy.level
    )
    effect, low, high = (
        100 * end for end in (float(limits.effect_G[0]), limits.seen(0)[0], float(limits.high_G[0]))
    )
    if not low > policy.max_gain:
        return
    chosen, gained = ": ", pair.reference.outcome
    if left_out and way:
        chosen = (
            f". {left_out:,} of {left_out + pair.reference.N:,} examples were left out; if they "
            f"are those on which it fails, this gain is theirs: {way[0].lower()}{way[1:]} Else "
        )
    yield Decision(
        rule=GAIN,
        variant=pair.variant.name,
        slice=ALL,
        value="",
        tier="required",
        outcome="cannot tell",
        limit=policy.max_gain,
        observed=effect,
        low=low,
        high=high,
        n_examples=int(limits.n_G[0]),
        reason=(
            f"{gained[0].upper()}{gained[1:]} gained {number(effect)} points "
            f"{shift_span(low / 100, high / 100, policy.level)}, more than is plausible"
            f"{chosen}look for leaked answers, another prompt or another filter, "
            f"{_less_is_better(pair.reference)}or write max_gain = "
            f"{min(math.ceil(effect), 100)} at the top of the policy."
        ),
    )


def _less_is_better(reference: Records) -> str:
    """Of a column of grades in a table, what a gain may be as well."""
    if reference.answers is None or reference.manifest.metric is not None:
        return ""
    told = GRADES in reference.manifest.conditions
    turned = "exchange the ends of --scale" if told else f"add {TURNED.typed}"
    return f"ask whether less of the score is better ({turned} then), "
