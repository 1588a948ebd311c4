"""Parts lowered to ``summary.md``, for a pull request or the summary of a job."""

from __future__ import annotations

import re
from collections.abc import Sequence

from undertow.audit.gate.result import GateResult, Inconclusive
from undertow.audit.result import Audit
from undertow.audit.slices.table import ALL
from undertow.report.cards import scale_of, title_of
from undertow.report.decisions import (
    GATE_SIGN,
    GATE_WORDS,
    DecisionRow,
    gate_part,
    more_open,
    passed_said,
    said_of,
    taken_for,
    without_verdict,
)
from undertow.report.effects import worst
from undertow.report.naming import WHOLE, whole
from undertow.report.parts import SIGN, WORDS, Page, page
from undertow.report.wording import short

SUMMARY_BYTES = 60_000
"""What ``summary.md`` may be: comments on code hosts end at 64 kB."""
ANSWERS = 5
"""Classes and flows of each variant that the summary lists; the report has more."""
DECISIONS = 60
"""Decisions that the summary lists; the report has all."""

_SPECIAL = re.compile(
    r"""
    [`*\[\]|~$]                             # code, emphasis, links, cells, strikes, formulas
    | \\(?=[!-/:-@\[-`{-~]|$)               # a backslash that would hide what follows it
    | (?<![^\W_])_+ | _+(?![^\W_])           # emphasis, which starts and ends at words
    | <(?=[a-z/!?]) | &(?=\#?\w+;)           # tags and entities
    | @(?=\w) | \#(?=\d) | (?<=\bgh)-(?=\d)  # mentions and issues
    | :(?=//|:|[\w+-]+:) | (?<=:): | (?<=\bmailto):  # addresses, emoji, commands
    | (?<=\bwww)\.
    | ^[-+>\#=] | (?:(?<=^\d)|(?<=^\d\d))[.)](?=\s|$)  # lists, quotes and headings
    """,
    flags=re.IGNORECASE | re.VERBOSE,
)
"""What Markdown or HTML would act on where it stands. The rest stays as it is: a plain viewer shows
backslashes."""


def summary_markdown(
    audit: Audit | None, gate: GateResult | None = None, inconclusive: Inconclusive = "report"
) -> str:
    """``summary.md``: what must be known before, the verdict, then the tables of the page, at most
    60 kB.

    With a gate that is its verdict; what it decided on the audit comes before the audit. At least
    one of them is given.
    """
    parts = None if audit is None else page(audit)
    blocks = [] if parts is None else [_notices(parts.notices)]
    doubts = "" if parts is None else _notices(parts.doubts)
    if gate is not None:
        blocks += [
            _verdict(gate, inconclusive),
            doubts,
            in_markdown(gate_part(gate).beside, 600),
            _decisions(gate),
        ]
    if parts is not None:
        opening = (
            [_opening(parts), doubts]
            if gate is None
            else [_comparable(parts), f"## The audit\n\n{_opening(parts)}"]
        )
        shown = [_comparable(parts)] if gate is None and parts.differences else []
        blocks += [
            *opening,
            *shown,
            _top_lines(parts),
            _worst(parts),
            _rates(parts),
            _answers(parts),
            _counts(parts),
            _crossed(parts),
            _closing(parts),
        ]
    return _within("\n\n".join(b for b in blocks if b) + "\n")


def _notices(notices: Sequence[str]) -> str:
    return "\n\n".join(f"**Note:** {in_markdown(notice, 600)}" for notice in notices)


def _verdict(gate: GateResult, inconclusive: Inconclusive) -> str:
    verdict = f"{GATE_WORDS[gate.verdict]}{taken_for(gate, inconclusive)}"
    reason = in_markdown(without_verdict(gate.reason), 2000)
    return f"**{GATE_SIGN[gate.verdict]} {verdict}.** {reason}"


def _decisions(gate: GateResult) -> str:
    part = gate_part(gate)
    if not gate.decisions:
        return ""
    limits = f"One-sided {part.confidence} limits"
    heads = ("Outcome", "Rule", "Where", "Variant", "Observed", limits, "Allowed", "n", "Reason")
    said = (
        [_table("What does not pass", heads, [_decided(r) for r in part.open[:DECISIONS]])]
        if part.open
        else []
    )
    if len(part.open) > DECISIONS:
        said.append(f"{more_open(len(part.open) - DECISIONS)}: all are in `report.html`.")
    return "\n\n".join([*said, passed_said(len(part.passed))])


def _decided(r: DecisionRow) -> tuple[str, ...]:
    named = (
        f"{GATE_SIGN[r.outcome]} {said_of(r)}",
        f"`{r.rule}`",
        _name(r.where),
        _name(r.variant),
    )
    return (*named, r.observed, r.limits, r.limit, r.n, in_markdown(r.reason, 400))


def _comparable(parts: Page) -> str:
    said = in_markdown(parts.checked.said, 1000) + (
        f" {in_markdown(parts.pooling, 300)}" if parts.pooling else ""
    )
    listed = "\n".join(f"- {in_markdown(d, 400)}" for d in parts.differences)
    return f"{said}\n\n{listed}" if listed else said


def _opening(parts: Page) -> str:
    first = f"**{SIGN[parts.verdict]} {WORDS[parts.verdict]}.** {in_markdown(parts.headline, 2000)}"
    stamp = f"\n\n> **{parts.stamp}**" if parts.stamp else ""
    about = "".join(f"\n\n{in_markdown(said, 600)}" for said in parts.about)
    return f"{first}{stamp}{about}\n\n{in_markdown(parts.title, 600)} · " + " · ".join(
        in_markdown(f, 60) for f in parts.facts
    )


def _top_lines(parts: Page) -> str:
    rows = [
        (
            f"{SIGN[t.verdict]} {_name(t.name)}",
            f"{t.before} → {t.after}" + (f"; {t.top_5}" if t.top_5 else ""),
            f"{t.shift} ({t.shift_interval})" if t.shift_interval else t.shift,
            in_markdown(t.slices, 400),
            f"{t.changed} {t.changed_of}",
            t.floor,
        )
        for t in parts.top_lines
    ]
    heads = (
        "Variant",
        "Top line",
        "Change in points (interval)",
        "Slices",
        "Changed answers",
        "Floor",
    )
    table = _table("The top line, beside what it hides", heads, rows)
    return f"{table}\n\n{in_markdown(parts.unasked, 1200)}" if parts.unasked else table


def _worst(parts: Page) -> str:
    rows = [
        (_name(t.name), f"{_name(e.slice)} {_name(e.value)}", f"{e.n:,}", effect, interval)
        for t in parts.top_lines
        for e, effect, interval in t.worst
    ]
    return (
        _table("Slices that pay", ("Variant", "Slice", "n", "Effect", "Interval"), rows)
        if rows
        else ""
    )


def _rates(parts: Page) -> str:
    """Error rates that are called worse, of each variant the first few."""
    rows = [
        (
            _name(panel.variant),
            title_of(shown.measure),
            _name(e.value if e.slice == ALL else f"{e.slice} {e.value}"),
            f"{e.n:,}",
            scale.effect(e.effect),
            scale.interval(e.low, e.high),
        )
        for shown in parts.error_rates
        for panel in shown.panels
        for e in worst(panel, ANSWERS)
        for scale in [scale_of(shown.measure).telling(e.effect, e.low, e.high)]
    ]
    heads = ("Variant", "Rate", "Where", "n", "Points", "Interval")
    return _table("Error rates that rise", heads, rows) if rows else ""


def _answers(parts: Page) -> str:
    """Of each variant the classes whose share of answers changed most, and the largest flows."""
    classes = [
        (
            _name(a.variant),
            _name(r.value),
            r.answers,
            f"{r.shift} ({r.interval})",
            r.precision,
            r.recall,
        )
        for a in parts.answers
        for r in a.rows[:ANSWERS]
    ]
    heads = (
        "Variant",
        "Class",
        "Answers",
        "Share of answers in points (interval)",
        "Precision",
        "Recall",
    )
    flows = [
        (
            _name(a.variant),
            f"{_name(f.source)} → {_name(f.target)}",
            f.moved,
            f.back,
            f"{f.net} ({f.interval})",
        )
        for a in parts.answers
        for f in a.flows[:ANSWERS]
    ]
    if not classes:
        return ""
    went = _table(
        "Where answers went", ("Variant", "From → to", "Went", "Came back", "Net (interval)"), flows
    )
    return f"{_table('What the answers are made of', heads, classes)}\n\n{went}"


def _counts(parts: Page) -> str:
    rows = [
        (f"{SIGN[r.verdict]} {_name(r.name)}", *r.cells[:4], r.cells[6], r.cells[7])
        for r in parts.counts
    ]
    heads = (
        "Variant",
        "Changed",
        "Floor [interval]",
        "p",
        "Confirmed",
        "Mean Taxicab",
        "Taxicab floor",
    )
    return _table("How many answers changed, against chance", heads, rows) if rows else ""


def _crossed(parts: Page) -> str:
    """What exemplars are like, of each variant."""
    rows = [
        (
            _name(part.variant),
            _name(r.name),
            r.difference,
            r.interval,
            r.p,
            f"{r.auroc} ({r.auroc_interval})",
            r.counted,
        )
        for part in parts.crossed
        for r in part.rows
    ]
    if not rows:
        return ""
    heads = (
        "Variant",
        "Column",
        "Difference",
        "Interval",
        "Adjusted p",
        "AUROC (interval)",
        "Exemplars and controls",
    )
    return _table(f"Exemplars against {parts.crossed[0].controls}", heads, rows)


def _closing(parts: Page) -> str:
    told = zip(parts.top_lines, parts.audit.variants, strict=True)
    design = [f"- {_name(t.name)}: {in_markdown(s, 400)}" for t, v in told for s in v.design]
    assumed = [f"- {in_markdown(a, 400)}" for a in parts.audit.assumptions]
    said = ["## What this design can decide", "", *design]
    if assumed:
        said += ["", "## What was assumed", "", *assumed]
    return "\n".join(
        [*said, "", "Pictures, charts and every finding: `report.html`, `findings.parquet`."]
    )


def _table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"## {title}", "", _row(heads), _row(("---",) * len(heads))]
    return "\n".join([*lines, *(_row(r) for r in rows)])


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _name(said: str) -> str:
    """A name, which is not cut."""
    return in_markdown(whole(said), WHOLE)


def in_markdown(said: str, limit: int = 80) -> str:
    """Other people's text in Markdown: nothing in it makes a link, a tag, a mention or a table
    cell."""
    return _SPECIAL.sub(lambda found: "".join(f"\\{c}" for c in found[0]), short(said, limit))


def _within(said: str) -> str:
    """Cut at a line so that the file keeps its size whatever was audited."""
    note = "\n\nCut at 60 kB; `report.html` has the rest.\n"
    if len(said.encode()) <= SUMMARY_BYTES:
        return said
    kept = said.encode()[: SUMMARY_BYTES - len(note.encode())].decode(errors="ignore")
    return kept[: kept.rfind("\n")] + note
