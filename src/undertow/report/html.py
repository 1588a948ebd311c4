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
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import undertow
from undertow.audit.answered import WORDS as MOVED
from undertow.audit.gate.result import GateResult, Inconclusive
from undertow.audit.result import Audit
from undertow.audit.verdicts import VERDICTS
from undertow.report.cards import scale_of, title_of
from undertow.report.contents import PARTS, contents
from undertow.report.counts import counted_band
from undertow.report.decisions import GATE_WORDS, ROWS, UNLIKE, gate_part, passes, said_of
from undertow.report.effects import floored, reason_of
from undertow.report.figures.svg import CLASS, badge_mark, gate_mark
from undertow.report.gallery import galleries
from undertow.report.naming import breakable, whole
from undertow.report.panels import count_chart, crossed, panels, rates, taxicab_chart
from undertow.report.parts import WORDS, Page, page
from undertow.report.provenance import Provenance, without_folders
from undertow.report.terms import explained
from undertow.report.wording import both_ends, clean, number, probability, short

FINALIZE_LIMIT = 4000


def render_html(
    audit: Audit | None,
    gate: GateResult | None = None,
    provenance: Provenance | None = None,
    inconclusive: Inconclusive = "report",
) -> str:
    """The whole page of ``audit``, a gate's verdict and decisions before it; ``inconclusive`` is
    what a rule that cannot tell counts as. The same audit gives the same characters.

    Without an audit, as the sides could not be compared, the page is the gate's verdict and why.
    """
    parts = None if audit is None else page(without_folders(audit, provenance))
    decided = None if gate is None else gate_part(gate, inconclusive)
    sections = {} if parts is None else _sections(parts)
    return (
        environment()
        .get_template("page.html")
        .render(
            page=parts,
            gate=decided,
            provenance=provenance,
            title=_page_title(parts, gate),
            version=undertow.__version__,
            css=static("report.css"),
            js=static("report.js"),
            css_hash=digest_of(static("report.css")),
            js_hash=digest_of(static("report.js")),
            contents=contents(parts, decided, sections.get("galleries", ()), provenance),
            **sections,
        )
    )


def _sections(parts: Page) -> dict[str, Any]:
    """What the sections of an audit print besides its parts."""
    return {
        "galleries": galleries(parts.audit),
        "words": MOVED[parts.audit.answered],
        "panels": panels(parts),
        "rates": rates(parts),
        "crossed": crossed(parts),
        "floored": floored(parts.effects),
        "tied": any(row.count.tied for row in parts.counts),
        "counted_band": counted_band(parts.counts),
        "count_chart": count_chart(parts.counts),
        "taxicab_chart": taxicab_chart(parts.counts),
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


@cache
def environment() -> Environment:
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
        "whole": whole,
        "breakable": breakable,
        "explained": explained,
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
        "PARTS": PARTS,
        "GATE_WORDS": GATE_WORDS,
        "UNLIKE": UNLIKE,
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
def static(name: str) -> Markup:
    """A file of ours, put in as it is."""
    return Markup(files("undertow.report").joinpath("static", name).read_text("utf-8"))


def digest_of(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
