"""``gate``: the rules of a policy, asked of every variant."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from undertow.audit.at_chance import below_chance
from undertow.audit.compare import Comparison, audit_comparisons, comparisons
from undertow.audit.exchanged import ONE_ANOTHER
from undertow.audit.gate.blessing import refuse_unblessed
from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.look_first import look_first
from undertow.audit.gate.not_shown import not_shown, not_shown_said
from undertow.audit.gate.policy import Policy
from undertow.audit.gate.result import (
    BELOW,
    BETTER,
    BOTH,
    GAIN,
    GUARDS,
    TOLD,
    Decision,
    GateResult,
    NotShown,
    Outcome,
    overall,
)
from undertow.audit.gate.rules._rule import number, shift_span
from undertow.audit.notices import on_both_sides
from undertow.audit.settings import Settings
from undertow.audit.slices.asked import slices_asked
from undertow.audit.slices.table import ALL
from undertow.errors import NotComparableError, UserError
from undertow.records.classes_told import MARK, told_by_answers
from undertow.records.grade_scale import FRACTIONS, TURNED
from undertow.records.read_as_grade import graded_by_doubt
from undertow.records.reading import Missing
from undertow.records.records import Records


def gate(
    reference: Records,
    variants: Sequence[Records],
    policy: Policy,
    settings: Settings | None = None,
    *,
    allow_partial: bool = False,
    accepted: Collection[str] = (),
    missing: Missing | None = None,
    told: pl.DataFrame | None = None,
) -> GateResult:
    """Audit the variants, and decide every rule of the policy on each; ``missing`` goes before the
    policy's own. ``told`` is as in ``audit``.

    Sides that cannot be compared give the verdict ``not comparable``, not an error: in a release,
    not knowing is an answer too. Raises ``UserError`` for a column that does not exist or a file of
    the policy that cannot be read.
    """
    settings = settings or Settings()
    if settings.generalise_to == "members":
        raise UserError(
            "a gate cannot generalise to members alone, since a release meets new examples; choose "
            "examples or both"
        )
    by = slices_asked(reference, (*settings.by, *policy.columns()))
    settings = replace(settings, by=by, several="both")
    try:
        refuse_unblessed(reference, policy)
        compared = comparisons(
            reference,
            variants,
            settings,
            allow_partial=allow_partial,
            accepted=accepted,
            missing=missing or policy.missing,
            ruled=slices_asked(reference, policy.columns()),
            told=told,
        )
    except NotComparableError as error:
        return GateResult("not comparable", f"Not comparable: {error}.", (), None, policy.level)
    found = audit_comparisons(reference, compared, settings)
    about = [about_variant(Evidence(c.pair), policy, c.left_out, c.left_out_way) for c in compared]
    decisions = tuple(d for a in about for d in a.decisions)
    small = tuple(s for a in about for s in a.not_shown)
    verdict = overall(decisions)
    first = look_first([c.pair for c in compared], decisions) if verdict == "fail" else ()
    reason = " ".join([sentence(decisions, small), *first, *_coverage(compared, verdict)])
    return GateResult(verdict, reason, decisions, found, policy.level, small)


def sentence(decisions: Sequence[Decision], small: Sequence[NotShown] = ()) -> str:
    """What the gate says first: how many of the policy's checks, and the one that matters most; on
    which slices nothing is shown."""
    required = [d for d in decisions if d.tier == "required"]
    asked = [d for d in required if d.rule not in GUARDS]
    several = len({d.variant for d in decisions}) > 1
    said = _counted(asked, several, not_shown_said(small))
    guard = next((d for d in required if d.rule in GUARDS), None)
    if guard is not None and not any(d.outcome == "fail" for d in asked):
        # It is none of the policy's checks, and leaves the verdict open whatever they say.
        said = f"{_place(guard, several)} cannot be decided: {guard.reason} {said}"
    advisory = [d for d in decisions if d.tier == "advisory" and d.outcome != "pass"]
    if advisory:
        checks = "check does" if len(advisory) == 1 else "checks do"
        said = f"{said} {len(advisory)} advisory {checks} not pass."
    return said


def _counted(asked: Sequence[Decision], several: bool, small: str) -> str:
    """How many of a policy's required checks end in what; ``small`` says what is not shown."""
    if not asked:
        return "No rule is required, so nothing is decided."
    worst: tuple[Outcome, ...] = ("fail", "cannot tell")
    for outcome in worst:
        those = [d for d in asked if d.outcome == outcome]
        if those:
            one = len(those) == 1
            of = "The one required check" if len(asked) == 1 else f"{len(those)} of {len(asked)}"
            checks = "" if len(asked) == 1 else " required checks"
            ends = {"fail": "fails" if one else "fail"}.get(outcome, "cannot be decided")
            also = _also_open(asked, outcome)
            which = ("the one that fails is" if also else "it is") if one else "first"
            tail = f" {small}." if small else ""
            where = _place(those[0], several)
            # That it cannot be decided is said before.
            reason = those[0].reason.removeprefix("Cannot tell: ")
            return f"{of}{checks} {ends}{also}; {which} {where}: {reason}{tail}"
    tail = f", but {small}." if small else "."
    if len(asked) == 1:
        return f"The one required check passes{tail}"
    return f"All {len(asked)} required checks pass{tail}"


def _also_open(asked: Sequence[Decision], outcome: Outcome) -> str:
    """Beside checks that fail: how many more are open."""
    others = sum(d.outcome == "cannot tell" for d in asked) if outcome == "fail" else 0
    return f" and {others} cannot be decided" if others else ""


def _place(d: Decision, several: bool) -> str:
    """Of several variants it says which."""
    return f"{d.rule} on {d.where}" + (f" of {d.variant}" if several else "")


def _coverage(compared: Sequence[Comparison], verdict: Outcome) -> Iterator[str]:
    """On how many examples the verdict rests, where not on all; of several variants each by name.
    A pass, which may be all that is read, says what the others would cost."""
    for c in compared:
        if c.coverage:
            yield c.coverage if len(compared) == 1 else f"{c.pair.variant.name}: {c.coverage}"
        if c.left_out_cost and verdict == "pass":
            yield c.left_out_cost


class About(NamedTuple):
    """What a policy says of one variant."""

    decisions: tuple[Decision, ...]
    not_shown: tuple[NotShown, ...]


def about_variant(evidence: Evidence, policy: Policy, left_out: int = 0, way: str = "") -> About:
    """Every rule of the policy on one variant, of which ``left_out`` examples are not compared.
    ``way`` says how those that it lacks count as wrong, and is empty where it lacks none. Raises
    ``UserError`` for a file of the policy that cannot be read."""
    gain = _gain(evidence, policy, left_out, way)
    decisions = [
        *_below(evidence, policy),
        *_told(evidence, policy),
        *_graded(evidence, policy),
        *gain,
        *_both_sides(evidence),
    ]
    small = list[NotShown]()
    for rule in policy.rules:
        found = tuple(rule.decide(evidence, policy.level, policy.folder))
        if not found:
            raise RuntimeError(f"{rule.name} yielded no decision, which would pass unseen")
        decisions += found
        small += not_shown(rule, evidence, found)
    return About(tuple(decisions), tuple(small))


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
        yield _open(evidence, BELOW, len(found), " ".join((*found, way)))


def _told(evidence: Evidence, policy: Policy) -> Iterator[Decision]:
    """Open where a side's own answers told the order of its classes; silent otherwise."""
    found = tuple(told_by_answers(evidence.pair.reference, evidence.pair.variant))
    if found and policy.classes_told == "refused":
        way = (
            f"Once it is checked, leave {MARK} out of the file, or write "
            'classes_told = "allowed" at the top of the policy.'
        )
        yield _open(evidence, TOLD, len(found), " ".join((*found, way)))


def _graded(evidence: Evidence, policy: Policy) -> Iterator[Decision]:
    """Open where grades have a name that leaves open which way is better; silent otherwise."""
    found = tuple(graded_by_doubt(evidence.pair.reference, evidence.pair.variant))
    if found and policy.more_is_better == "refused":
        way = (
            f"If less is better, add {TURNED.typed}, which reads 1 minus it; if more is, add "
            f'{FRACTIONS.typed}, or write more_is_better = "allowed" at the top of the policy.'
        )
        yield _open(evidence, BETTER, len(found), " ".join((*found, way)))


def _both_sides(evidence: Evidence) -> Iterator[Decision]:
    """Open where a file seems to stand on both sides, which draws the sides together; silent
    otherwise."""
    found = on_both_sides(evidence.pair)
    if not found:
        return
    mine, other = found[0]
    yield _open(
        evidence,
        BOTH,
        len(found),
        (
            f"Member {mine!r} of {evidence.pair.reference.name!r} and member {other!r} of "
            f"{evidence.pair.variant.name!r} gave the same answers to every example, and other "
            "members did not: take the file off one side."
        ),
    )


def _open(evidence: Evidence, rule: str, observed: int, reason: str) -> Decision:
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
    """Open where accuracy on the whole is shown to have gained more than is plausible; silent
    otherwise."""
    pair = evidence.pair
    limits = evidence.shift(
        pair.reference.correct_MN, pair.variant.correct_MN, np.array([0]), policy.level
    )
    effect, low, high = (
        100 * end for end in (float(limits.effect_G[0]), limits.seen(0)[0], float(limits.high_G[0]))
    )
    if not low > policy.max_gain:
        return
    chosen = ": "
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
            f"Accuracy gained {number(effect)} points "
            f"{shift_span(low / 100, high / 100, policy.level)}, more than is plausible"
            f"{chosen}look for leaked answers, another prompt or another filter, or write "
            f"max_gain = {min(math.ceil(effect), 100)} at the top of the policy."
        ),
    )
