"""``gate``: the rules of a policy, asked of every variant."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from undertow.audit.compare import Comparison, audit_comparisons, comparisons
from undertow.audit.gate.blessing import refuse_unblessed
from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.guards import guards
from undertow.audit.gate.look_first import look_first
from undertow.audit.gate.not_shown import not_shown, not_shown_said
from undertow.audit.gate.policy import Policy
from undertow.audit.gate.result import (
    GUARDS,
    Decision,
    GateResult,
    NotShown,
    Outcome,
    overall,
)
from undertow.audit.gate.rules import Rule
from undertow.audit.gate.worst_case import worst_case
from undertow.audit.lost_at_most import LostAtMost
from undertow.audit.settings import Settings
from undertow.audit.slices.asked import slices_asked
from undertow.errors import NotComparableError, UserError
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
    alike: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> GateResult:
    """Audit the variants, and decide every rule of the policy on each; ``missing`` goes before the
    policy's own. ``told`` is as in ``audit``. ``alike`` has variants that hold the same answers as
    the reference, each with columns that differ and may be the answers.

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
    about = [
        about_variant(
            Evidence(c.pair),
            policy,
            c.left_out,
            c.left_out_way,
            c.lost,
            alike=alike.get(c.pair.variant.name),
        )
        for c in compared
    ]
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


def about_variant(
    evidence: Evidence,
    policy: Policy,
    left_out: int = 0,
    way: str = "",
    lost: LostAtMost | None = None,
    *,
    alike: Sequence[str] | None = None,
) -> About:
    """Every rule of the policy on one variant, of which ``left_out`` examples are not compared, and
    ``lost`` is what it may have lost there. ``way`` says how those that it lacks count as wrong,
    and is empty where it lacks none; ``alike`` is as in ``guards``. Raises
    ``UserError`` for a file of the policy that cannot be read."""
    decisions = [*guards(evidence, policy, left_out, way, alike=alike)]
    small, decided = list[NotShown](), list[tuple[Rule, tuple[Decision, ...]]]()
    for rule in policy.rules:
        found = tuple(rule.decide(evidence, policy.level, policy.folder))
        if not found:
            raise RuntimeError(f"{rule.name} yielded no decision, which would pass unseen")
        decided.append((rule, found))
        small += not_shown(rule, evidence, found)
    decisions += worst_case(evidence, policy, decided, lost, way)
    decisions += (d for _, found in decided for d in found)
    return About(tuple(decisions), tuple(small))
