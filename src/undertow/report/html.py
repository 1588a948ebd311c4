"""Parts lowered to one self-contained HTML file.

The page must read without scripts, without styles and without pictures, because the places where
such a file is opened block them. So every fact is in the markup, charts carry their colours in
attributes, and the script only adds filters, sorting and a larger view. The page states its own
policy: no script or style but the two whose hashes it names, and nothing from anywhere else. Even a
hole in the escaping would then not run.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import undertow
from undertow.audit.gate.result import GateResult
from undertow.audit.result import Audit
from undertow.audit.verdicts import VERDICTS
from undertow.report.cards import scale_of, title_of
from undertow.report.counts import CountRow
from undertow.report.decisions import GATE_WORDS, ROWS, gate_part, passes, said_of
from undertow.report.effects import reason_of
from undertow.report.figures.floor import AgainstFloor, floor_chart
from undertow.report.figures.forest import common_axis, forest
from undertow.report.figures.svg import CLASS, badge_mark, gate_mark
from undertow.report.gallery import galleries
from undertow.report.parts import WORDS, Page, page
from undertow.report.provenance import Provenance
from undertow.report.wording import absent, both_ends, clean, number, probability, short

FINALIZE_LIMIT = 4000


def render_html(
    audit: Audit | None, gate: GateResult | None = None, provenance: Provenance | None = None
) -> str:
    """The whole page of ``audit``, a gate's verdict and decisions before it. The same audit gives
    the same characters.

    Without an audit, as the sides could not be compared, the page is the gate's verdict and why.
    """
    parts = None if audit is None else page(audit)
    return (
        environment()
        .get_template("page.html")
        .render(
            page=parts,
            gate=None if gate is None else gate_part(gate),
            provenance=provenance,
            title=_page_title(parts, gate),
            version=undertow.__version__,
            css=_static("report.css"),
            js=_static("report.js"),
            css_hash=_hash(_static("report.css")),
            js_hash=_hash(_static("report.js")),
            **({} if parts is None else _sections(parts)),
        )
    )


def _sections(parts: Page) -> dict[str, Any]:
    """What the sections of an audit print besides its parts."""
    return {
        "galleries": galleries(parts.audit),
        "panels": _panels(parts),
        "floored": _floored(parts),
        "count_chart": count_chart(parts.counts),
        "taxicab_chart": _taxicab_chart(parts.counts),
        "measure": title_of(parts.effects.measure, parts.outcome) if parts.effects else "",
        "scale": scale_of(parts.effects.measure) if parts.effects else None,
    }


def _page_title(parts: Page | None, gate: GateResult | None) -> str:
    """The verdict that comes first, and what is compared."""
    verdict = (
        GATE_WORDS[gate.verdict]
        if gate is not None
        else WORDS[parts.verdict]
        if parts is not None
        else ""
    )
    return verdict if parts is None else f"{verdict}: {parts.title}"


@dataclass(frozen=True)
class PanelView:
    """The chart of one variant and the words above it."""

    variant: str
    said: str
    shown: int
    chart: Markup


def _panels(parts: Page) -> tuple[PanelView, ...]:
    shown = parts.effects
    if shown is None:
        return ()
    axis, scale, title = (
        common_axis(shown.panels),
        scale_of(shown.measure),
        title_of(shown.measure, parts.outcome),
    )
    made = []
    for n, p in enumerate(shown.panels):
        said = ", ".join(
            f"{p.verdicts[v]} {WORDS[v].lower()}" for v in VERDICTS if p.verdicts.get(v)
        )
        if len(p.effects) < p.total:
            said += f" · {len(p.effects)} of {p.total:,} slices drawn"
        named = f"{title} by slice, {short(p.variant, 60)}"
        chart = forest(p, axis, scale, f"slices-{n}", named, len(shown.columns))
        made.append(PanelView(p.variant, said, len(p.effects), chart))
    return tuple(made)


def _floored(parts: Page) -> bool:
    """Whether any chart of slices has a floor to explain."""
    drawn = parts.effects.panels if parts.effects else ()
    return any(not absent(e.band_low) for p in drawn for e in p.effects)


def count_chart(counts: tuple[CountRow, ...], key: str = "count") -> Markup | None:
    """How many examples changed their answer, against the floor; ``None`` without a count."""
    rows = [
        AgainstFloor(
            r.name, r.fact, float(r.count.observed), r.count.floor, r.count.floor_low,
            r.count.floor_high, r.verdict, f"{r.cells[0]} changed; floor {r.cells[1]}; {r.verdict}",
        )
        for r in counts
    ]  # fmt: skip
    title = "Examples that changed their modal answer, against their floor"
    return (
        floor_chart(rows, key, title, "examples that changed their modal answer") if rows else None
    )


def _taxicab_chart(counts: tuple[CountRow, ...]) -> Markup | None:
    rows = [
        AgainstFloor(
            r.name, r.fact, r.count.mean_taxicab, r.count.mean_taxicab_floor, float("nan"),
            float("nan"), r.taxicab_verdict, f"mean Taxicab {r.cells[6]}; floor {r.cells[7]}",
        )
        for r in counts
    ]  # fmt: skip
    return (
        floor_chart(
            rows, "taxicab", "Mean Taxicab distance, against its floor", "mean Taxicab, 0 to 2"
        )
        if rows
        else None
    )


@cache
def environment() -> Environment:
    """The templates, which escape and clean whatever they print."""
    made = Environment(
        loader=PackageLoader("undertow.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    made.filters |= {
        "short": short,
        "p": probability,
        "number": number,
        "both_ends": both_ends,
        "said_of": said_of,
    }
    made.globals |= {
        "WORDS": WORDS,
        "CLASS": CLASS,
        "VERDICTS": VERDICTS,
        "glyph": badge_mark,
        "reason_of": reason_of,
    }
    made.globals |= {
        "GATE_WORDS": GATE_WORDS,
        "gate_glyph": gate_mark,
        "passes": passes,
        "ROWS": ROWS,
    }
    return made


def _cleaned(value: Any) -> Any:
    """Runs on everything a template prints, so that no template can forget it."""
    return (
        clean(value, FINALIZE_LIMIT)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


@cache
def _static(name: str) -> Markup:
    """A file of ours, put in as it is."""
    return Markup(files("undertow.report").joinpath("static", name).read_text("utf-8"))


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
