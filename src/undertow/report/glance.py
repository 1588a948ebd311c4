"""An audit at a glance, as a piece of HTML for a notebook: verdict, headline, top line, and the
slices that lose.

Notebooks have a page of their own, some remove style sheets, and none says whether it is dark. So
every style is in an attribute, text takes the notebook's own colour, and verdicts are mid tones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from undertow.audit.gate.result import GateResult, GateVerdict
from undertow.audit.result import Audit
from undertow.report.cards import scale_of
from undertow.report.decisions import (
    GATE_SIGN,
    GATE_WORDS,
    gate_part,
    more_open,
    passed_said,
    said_of,
)
from undertow.report.effects import Effect, Panel, SliceEffects, reason_of, worst
from undertow.report.figures.svg import COLOUR
from undertow.report.html import environment
from undertow.report.parts import SIGN, Page, page
from undertow.report.toplines import TopLine
from undertow.report.wording import line

VARIANTS, LOSING, SHOWN = 8, 6, 24
"""Variants, losing slices of each, and losing slices in all that are listed."""
OPEN = 12
"""Checks of a gate that do not pass and are listed."""
GATE_COLOUR: dict[GateVerdict, str] = {
    "pass": "better",
    "fail": "worse",
    "cannot tell": "undefined",
    "not comparable": "undefined",
}
"""Verdict of an audit whose colour a gate's has."""


@dataclass(frozen=True)
class Losing:
    """One slice that loses."""

    variant: str
    effect: Effect
    said: str
    interval: str
    reason: str


def glance(
    audit: Audit, way_on: str, read_as: Sequence[str] = (), spoken: Callable[[str], str] = str
) -> str:
    """``way_on`` says where the report is or how it is written, ``read_as`` what was read;
    ``spoken`` puts a sentence with flags into words for where they are none."""
    parts = page(audit)
    lines = parts.top_lines[:VARIANTS]
    losing, left_out = _losing(parts, lines)
    return (
        environment()
        .get_template("glance.html")
        .render(
            page=parts,
            lines=lines,
            more=len(parts.top_lines) - len(lines),
            losing=losing,
            left_out=left_out,
            several=len(parts.top_lines) > 1,
            why=any(one.reason for one in losing),
            way_on=way_on,
            read_as=[line(said, 400) for said in read_as],
            spoken=spoken,
            COLOUR=COLOUR,
            SIGN=SIGN,
        )
    )


def gate_glance(
    gate: GateResult, way_on: str, read_as: Sequence[str] = (), spoken: Callable[[str], str] = str
) -> str:
    """The same of a gate: its verdict and what does not pass, then the audit beneath it, where
    there is one."""
    part = gate_part(gate)
    beneath = None
    if gate.audit is not None:
        beneath = Markup(glance(gate.audit, way_on, read_as, spoken))
    return (
        environment()
        .get_template("glance_gate.html")
        .render(
            gate=part,
            open=part.open[:OPEN],
            more=more_open(len(part.open) - OPEN) if len(part.open) > OPEN else "",
            passed=passed_said(len(part.passed)) if gate.decisions else "",
            said_of=said_of,
            beneath=beneath,
            way_on=way_on,
            read_as=[line(said, 400) for said in read_as],
            colour=COLOUR[GATE_COLOUR[gate.verdict]],
            SIGN=GATE_SIGN,
            WORDS=GATE_WORDS,
        )
    )


def _losing(parts: Page, lines: Sequence[TopLine]) -> tuple[list[Losing], int]:
    """The slices that lose most, variant by variant, and how many more lose."""
    if parts.effects is None:
        return [], 0
    panels = {p.variant: p for p in parts.effects.panels}
    shown = [
        one for t in lines if t.name in panels for one in _of_panel(panels[t.name], parts.effects)
    ][:SHOWN]
    lost = sum(p.verdicts.get("worse", 0) for p in panels.values())
    return shown, lost - len(shown)


def _of_panel(panel: Panel, effects: SliceEffects) -> list[Losing]:
    scale = scale_of(effects.measure)
    return [
        Losing(
            panel.variant,
            e,
            f"{own.effect(e.effect)} {own.unit}".rstrip(),
            own.interval(e.low, e.high),
            reason_of(e),
        )
        for e in worst(panel, LOSING)
        for own in [scale.telling(e.effect, e.low, e.high)]
    ]
