"""A gate beside the audit beneath it: what reconciles the two where they seem to disagree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl

from undertow.audit.gate.result import Decision, GateResult
from undertow.audit.measures.error_rates import COUNTED
from undertow.audit.result import Audit
from undertow.audit.slices.table import ALL, CLASS
from undertow.audit.slices.unknown import CROSS
from undertow.audit.verdicts import COSTLY, risen
from undertow.audit.wording import told
from undertow.report.wording import both_ends

QUESTIONS = (
    "The audit asks whether anybody loses more than chance can explain; the policy says what is "
    "allowed."
)
ON_LOSSES = ("max_drop", "worst_slice_drop", "max_new_errors")
"""Rules that are about who loses."""
EVERY_SLICE = "worst_slice_drop"
"""The one that is always about every value of a column, so about what these make up too."""


class Place(NamedTuple):
    """What one rule is about."""

    rule: str
    variant: str
    slice: str
    value: str


def beside(gate: GateResult) -> str:
    """Pass above worse, or above what is too small to tell, or fail above what is no loss, would
    read like a contradiction; and what cannot be told may be taken for a pass."""
    if gate.audit is None:
        return ""
    shown = gate.audit.verdict in COSTLY
    if gate.verdict == "cannot tell" and shown:
        free = _free(gate, _bare(gate, _paying(gate.audit)))
        return "" if free is None else f"{QUESTIONS} Here somebody does, {_unruled(free)}."
    if gate.verdict == "pass" and shown:
        return f"{QUESTIONS} Here somebody does, {_allowed(gate, gate.audit)}."
    if gate.verdict == "pass" and gate.audit.verdict == "too small to tell":
        return f"{QUESTIONS} Here its limits are shown to hold, and no slice's change is told."
    if gate.verdict == "fail" and not shown:
        return f"{QUESTIONS} Here no loss is shown, and the policy is broken all the same."
    return ""


def whom_no_rule_is_about(gate: GateResult) -> str:
    """What has to be known of a verdict that stands alone: who pays without a rule, if anybody.
    What cannot be told may be taken for a pass, and a failure on the whole names no class."""
    if gate.audit is None or gate.audit.verdict not in COSTLY:
        return ""
    free = _free(gate, _bare(gate, _paying(gate.audit)))
    if free is None:
        return ""
    said = told(free["effect"], free["low"], free["high"])
    measure, by = _measured(gate.audit, free["measure"]), free["slice"]
    rule = "[[max_drop]]" if by == ALL else f'[[worst_slice_drop]] by = "{both_ends(by, 60)}"'
    if free["measure"] in COUNTED:
        rule = f'[[worst_slice_drop]] by = "{CLASS}"'
    return f"No rule is about {_named(free)}, {measure} {said.effect} points; add {rule}."


def _measured(audit: Audit, measure: str) -> str:
    """A measure in words; what is right on average has the name of its task: of grades a score."""
    return audit.reference.outcome if measure == "accuracy" else measure.replace("_", " ")


def _bare(gate: GateResult, paying: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those on whom nothing was decided."""
    return [row for row in paying if not _about(gate.decisions, row)]


def _free(gate: GateResult, bare: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The first of them on whom no rule is, also none that has too few examples."""
    small = [Place(s.rule, s.variant, s.slice, v) for s in gate.not_shown for v in s.values]
    return next((row for row in bare if not any(_is_about(s, row) for s in small)), None)


def _allowed(gate: GateResult, audit: Audit) -> str:
    """What a policy that passes says of those who pay, asked of each: one who is covered must not
    hide another whom no rule is about."""
    paying = _paying(audit)
    about = [_about(gate.decisions, row) for row in paying]
    bare = _bare(gate, paying)
    free = _free(gate, bare)
    if free is not None:
        return _unruled(free)
    if bare:
        return f"and {_named(bare[0])} has too few examples for the policy to decide"
    # Required rules pass, or the gate would not.
    outcomes = {d.outcome for those in about for d in those}
    if "fail" in outcomes:
        return "and only an advisory rule is against it"
    if "cannot tell" in outcomes:
        return "and an advisory rule cannot tell whether that is too much"
    if any(_in_part(gate, row, those) for row, those in zip(paying, about, strict=True)):
        return "and where there are enough examples it is no more than the policy allows"
    return "and no more than the policy allows"


def _unruled(free: dict[str, Any]) -> str:
    return f"and no rule is about {_named(free)}"


def _paying(audit: Audit) -> list[dict[str, Any]]:
    """Who pays, the largest loss first: what makes an audit say that somebody does
    (``variant_verdict``)."""
    found = audit.findings
    lost = found.filter((pl.col("measure") == "accuracy") & (pl.col("verdict") == "worse"))
    rows = pl.concat([lost, risen(found, audit.settings.level)])
    by_size = rows.sort(pl.col("effect").abs(), descending=True, maintain_order=True)
    return list(by_size.iter_rows(named=True))


def _about(decisions: Sequence[Decision], row: dict[str, Any]) -> list[Decision]:
    """The decisions on a finding's place; where there is none, those on the parts of it."""
    found = [d for d in decisions if _is_about(Place(d.rule, d.variant, d.slice, d.value), row)]
    return [d for d in found if d.slice == row["slice"]] or found


def _named(row: dict[str, Any]) -> str:
    if row["slice"] == ALL:
        return "the whole"
    return f"{both_ends(row['slice'], 60)} {both_ends(row['value'], 60)}"


def _is_about(place: Place, row: dict[str, Any]) -> bool:
    """Whether a rule is about a finding's place, or about the parts of it: of an error rate those
    are its classes. A rule that found no slice of its column has no value."""
    if place.rule not in ON_LOSSES or place.variant != row["variant"]:
        return False
    if place.slice == row["slice"] and place.value in (row["value"], ""):
        return True
    if row["measure"] in COUNTED:
        return CLASS in place.slice.split(CROSS) and _divides(place, row)
    return place.rule == EVERY_SLICE and _divides(place, row)


def _divides(place: Place, row: dict[str, Any]) -> bool:
    """Whether it is a part of a finding's place: ``lang+class`` divides ``lang``, and anything
    divides the whole."""
    if row["slice"] == ALL:
        return True
    columns, values = row["slice"].split(CROSS), row["value"].split(CROSS)
    return set(columns) < set(place.slice.split(CROSS)) and set(values) <= set(
        place.value.split(CROSS)
    )


def _in_part(gate: GateResult, row: dict[str, Any], about: list[Decision]) -> bool:
    """Whether rules are about the parts of a place alone, and leave small parts out."""
    parts = {(d.rule, d.variant, d.slice) for d in about if d.slice != row["slice"]}
    return any((s.rule, s.variant, s.slice) in parts for s in gate.not_shown)
