"""The top line of each variant, beside what it hides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from undertow.audit.answered import WORDS, Words
from undertow.audit.open_rates import open_rates, rise_of
from undertow.audit.result import Arm, Audit, ExemplarCount, VariantAudit
from undertow.audit.slices.table import ALL
from undertow.audit.verdicts import Verdict, risen
from undertow.audit.wording import share
from undertow.report import effects as slices
from undertow.report.cards import scale_of, title_of
from undertow.report.counts import changed_verdict, whole
from undertow.report.effects import Effect, SliceEffects
from undertow.report.unasked import none_asked_for
from undertow.report.wording import NONE, Scale, absent, count, number, plural, short

NOT_AGAINST = (
    "No slice can be set against anything: there are no labels, and no floor for changed answers."
)

BELIEVED = "confidence"
"""Charted where nothing else can be told; a slice answered less surely is not called worse."""


@dataclass(frozen=True)
class TopLine:
    """One variant: its accuracy (or other ``outcome``) beside what that number hides."""

    name: str
    outcome: str
    verdict: Verdict
    interventions: tuple[str, ...]
    members: str
    before: str
    after: str
    after_interval: str
    shift: str
    shift_interval: str
    shift_verdict: Verdict
    top_5: str
    """Right answers among the five likeliest classes; empty where these are few or not known."""
    top_5_verdict: Verdict
    worst: tuple[tuple[Effect, str, str], ...]
    unit: str
    slices: str
    changed: str
    changed_of: str
    changed_how: str
    """``changed``, for where no heading says it; empty where ``changed_of`` says what they did."""
    floor: str
    changed_verdict: Verdict
    confirmed: str


def top_line(audit: Audit, variant: VariantAudit, shown: SliceEffects | None) -> TopLine:
    arm, reference = variant.arm, audit.reference
    row = whole(audit.findings, arm.name)
    panel = next((p for p in shown.panels if p.variant == arm.name), None) if shown else None
    scale = scale_of(shown.measure) if shown else Scale(True)
    worst = tuple(
        (e, own.effect(e.effect), own.interval(e.low, e.high))
        for e in slices.worst(panel)
        for own in [scale.telling(e.effect, e.low, e.high)]
    )
    top = Scale(True)
    if row is not None:
        sides = row["reference"], row["changed"]
        top = top.telling(row["effect"], row["low"], row["high"], sides=sides)
    changed = _changed(audit, variant)
    return TopLine(
        name=arm.name,
        outcome=arm.outcome,
        verdict=variant.verdict,
        interventions=arm.interventions,
        members=_members(arm),
        # What was tested: of several reference members beside one variant member that is the first
        # alone.
        before=top.value(reference.accuracy if row is None else row["reference"]),
        after=top.value(arm.accuracy if row is None else row["changed"]),
        after_interval=top.span(arm.accuracy_low, arm.accuracy_high),
        shift=top.effect(None if row is None else row["effect"]),
        shift_interval=""
        if row is None or absent(row["effect"])
        else top.interval(row["low"], row["high"]),
        shift_verdict="undefined" if row is None else row["verdict"],
        **_top_5(audit, arm.name),
        worst=worst,
        unit=_unit(shown, scale, arm.outcome),
        slices=_slices_said(None if shown and shown.measure == BELIEVED else panel, audit)
        + _open_said(audit, arm.name)
        + _rise_said(audit, arm.name),
        **changed,
    )


def _top_5(audit: Audit, variant: str) -> dict[str, Any]:
    """``top-5 93.2 % → 92.8 % (−0.4 points, −0.6 to −0.2)``, with its verdict."""
    row = whole(audit.findings, variant, "top_5_accuracy")
    if row is None or absent(row["effect"]):
        return {"top_5": "", "top_5_verdict": "undefined"}
    sides, limits = (row["reference"], row["changed"]), (row["low"], row["high"])
    own = Scale(True).telling(row["effect"], *limits, sides=sides)
    shift = f"{own.effect(row['effect'])} points, {own.interval(*limits)}"
    said = f"top-5 {own.value(sides[0])} → {own.value(sides[1])} ({shift})"
    return {"top_5": said, "top_5_verdict": row["verdict"]}


def _unit(shown: SliceEffects | None, scale: Scale, outcome: str) -> str:
    """What the effects in ``worst`` count, for where no axis says it."""
    said = scale.unit or (title_of(shown.measure, outcome) if shown else "")
    return f"{said} above the floor" if scale.excess else said


def _members(arm: Arm) -> str:
    said = plural(arm.members, "member")
    return f"{said}, each made from a reference member" if arm.paired else said


def _slices_said(panel: slices.Panel | None, audit: Audit) -> str:
    """How many slices got which verdict; says in words when none is worse, and when there is
    none."""
    if panel is None:
        return NOT_AGAINST if audit.settings.by else none_asked_for(audit)
    worse, open_ = panel.verdicts.get("worse", 0), panel.verdicts.get("too small to tell", 0)
    total = plural(panel.total, "slice")
    if panel.total == 1:
        return f"The one slice {_of_one(panel.verdicts)}"
    if open_ == panel.total:
        return f"All of {total} too small to tell"
    first = f"{worse or 'None'} of {total} worse"
    return f"{first}; {open_} too small to tell" if open_ else first


def _rise_said(audit: Audit, variant: str) -> str:
    """The error rate that rises most, where accuracy by slice would hide it."""
    rose = risen(audit.findings.filter(pl.col("variant") == variant), audit.settings.level)
    if not rose.height:
        return ""
    first = rose.row(0, named=True)
    where = (
        "overall"
        if first["slice"] == ALL
        else f"of {short(first['slice'], 40)} {short(first['value'], 40)}"
    )
    more = f" and {rose.height - 1} more" if rose.height > 1 else ""
    verb = "rise" if more else "rises"
    return f"; the {title_of(first['measure']).lower()} {where}{more} {verb}"


def _open_said(audit: Audit, variant: str) -> str:
    """Error rates that cannot be told by slice, where "none worse" would hide them."""
    rows = audit.findings.filter(pl.col("variant") == variant)
    found = open_rates(rows, audit.settings.level)
    if found is None:
        return ""
    said = ", ".join(
        f"in {some} of {every} the {title_of(name).lower()} cannot be told"
        for name, some, every in found.counts
    )
    if found.most is None:
        return f"; {said}"
    where = f"{short(found.most['slice'], 40)} {short(found.most['value'], 40)}"
    return f"; {said} ({where} rises most: {rise_of(found.most)})"


def _of_one(verdicts: Mapping[str, int]) -> str:
    said = next((verdict for verdict, n in verdicts.items() if n), "undefined")
    if said == "undefined":
        return "could not be measured"
    return f"is {said}" if said in ("worse", "too small to tell") else "is not worse"


def _changed(audit: Audit, variant: VariantAudit) -> dict[str, Any]:
    """How many answers changed, against chance; with one member a side, churn stands in."""
    c, verdict = variant.count, changed_verdict(audit, variant)
    words, plain = WORDS[audit.answered], audit.answered == "answers"
    how = {"changed_verdict": verdict, "changed_how": "changed" if plain else ""}
    if c is None:
        row = whole(audit.findings, variant.arm.name, "churn") or {"changed": None, "floor": None}
        repeated = variant.scope == "examples" and not absent(row["floor"])
        moved, floor = (math.nan if v is None else v for v in (row["changed"], row["floor"]))
        said = f"a repeat run {words.again} {share(floor, moved)}"
        of = words.of if plain else f"{words.of} {words.moved}"
        return how | {
            "changed": NONE if absent(moved) else share(moved, floor),
            "changed_of": "" if absent(row["changed"]) else of,
            "floor": said if repeated else "no floor: one reference run",
            "confirmed": "",
        }
    if c.out_of == 0:
        return how | {
            "changed": "no example",
            "changed_of": f"has {words.mode} on both sides",
            "changed_how": "",
            "floor": "no floor",
            "confirmed": "",
        }
    return how | {
        "changed": count(c.observed),
        "changed_of": _out_of(c, words, plain),
        "floor": _floor_said(c),
        "confirmed": f"{c.confirmed:,} confirmed one by one"
        if c.confirmed
        else "none confirmed one by one",
    }


def _out_of(c: ExemplarCount, words: Words, plain: bool) -> str:
    if c.tied:
        of = f"of the {c.out_of:,} with {words.mode} on both sides"
        return of if plain else f"{of} changed it"
    return f"of {c.out_of:,}" + ("" if plain else f" {words.modal}")


def _floor_said(c: ExemplarCount) -> str:
    if absent(c.floor_low) or absent(c.floor_high):
        return "no floor"
    return f"chance alone: {number(c.floor_low, 0)} to {number(c.floor_high, 0)}"
