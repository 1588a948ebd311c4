"""A gate beside the audit beneath it: what reconciles the two where they seem to disagree."""

from __future__ import annotations

from typing import Any

import polars as pl

from undertow.audit.gate.result import Decision, GateResult
from undertow.audit.measures.error_rates import COUNTED
from undertow.audit.slices.table import CLASS
from undertow.audit.slices.unknown import CROSS
from undertow.audit.verdicts import COSTLY
from undertow.report.wording import both_ends

QUESTIONS = (
    "The audit asks whether anybody loses more than chance can explain; the policy says what is "
    "allowed."
)
ON_LOSSES = ("max_drop", "worst_slice_drop", "max_new_errors")
"""Rules that are about who loses."""


def beside(gate: GateResult) -> str:
    """Pass above worse, or fail above what is no loss, would read like a contradiction."""
    if gate.audit is None:
        return ""
    shown = gate.audit.verdict in COSTLY
    if gate.verdict == "pass" and shown:
        return f"{QUESTIONS} Here somebody does, {_allowed(gate, gate.audit.findings)}."
    if gate.verdict == "fail" and not shown:
        return f"{QUESTIONS} Here no loss is shown, and the policy is broken all the same."
    return ""


def _allowed(gate: GateResult, findings: pl.DataFrame) -> str:
    """What a policy that passes says of those who pay. That it does not forbid it is said only
    where no rule is about any of them."""
    paying = list(findings.filter(pl.col("verdict") == "worse").iter_rows(named=True))
    small = {(s.variant, s.slice, value) for s in gate.not_shown for value in s.values}
    unseen = next((row for row in paying if _place(row) in small), None)
    if unseen is not None:
        where = f"{unseen['slice']} {both_ends(unseen['value'], 60)}"
        return f"and {where} has too few examples for the policy to decide"
    about = [d for d in gate.decisions if any(_is_about(d, row) for row in paying)]
    if any(d.outcome != "pass" for d in about):
        return "and only an advisory rule is against it"
    if about:
        return "and no more than the policy allows"
    return (
        "and the policy does not forbid it"
        if not small
        else ("and where there are enough examples it is no more than the policy allows")
    )


def _place(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["variant"], row["slice"], row["value"]


def _is_about(d: Decision, row: dict[str, Any]) -> bool:
    """Whether a rule is about a finding's place; of an error rate one about the classes is too."""
    if d.rule not in ON_LOSSES or d.variant != row["variant"]:
        return False
    classes = CLASS in d.slice.split(CROSS) and row["measure"] in COUNTED
    return classes or (d.slice, d.value) == (row["slice"], row["value"])
