"""Which sections a page has, in their order: the contents list them, and a section with nothing to
say is left out."""

from __future__ import annotations

from collections.abc import Sequence

from undertow.report.decisions import GatePart
from undertow.report.gallery import Gallery
from undertow.report.parts import Page
from undertow.report.provenance import Provenance

PARTS = {
    "gate": "gate.html",
    "decisions": "decisions.html",
    "verdict": "verdict.html",
    "top-line": "topline.html",
    "slices": "slices.html",
    "rates": "rates.html",
    "answers": "answers.html",
    "count": "count.html",
    "gallery": "exemplars.html",
    "over-indexed": "over_indexed.html",
    "crossed": "crossed.html",
    "findings": "findings.html",
    "method": "method.html",
    "provenance": "provenance.html",
}
"""The template of each section."""

Section = tuple[str, str]
"""Its id and what the contents call it."""


def contents(
    page: Page | None,
    gate: GatePart | None,
    galleries: Sequence[Gallery],
    provenance: Provenance | None,
) -> tuple[Section, ...]:
    """Every section of one page."""
    decided = gate is not None and bool(gate.open or gate.passed)
    listed = [
        ("gate", "Gate", gate is not None),
        ("decisions", "Decisions", decided),
        *([] if page is None else _of_audit(page, galleries)),
        ("provenance", "Provenance", provenance is not None),
    ]
    return tuple((key, title) for key, title, there in listed if there)


def _of_audit(page: Page, galleries: Sequence[Gallery]) -> list[tuple[str, str, bool]]:
    return [
        ("verdict", "Verdict", True),
        ("top-line", "Top line", True),
        ("slices", "Slices", page.effects is not None),
        ("rates", "Error rates", bool(page.error_rates)),
        ("answers", "Answers", bool(page.answers)),
        ("count", "Changed answers", bool(page.counts)),
        ("gallery", "Exemplars", bool(galleries)),
        ("over-indexed", "Over-indexed", bool(page.over_indexed)),
        ("crossed", "Exemplars by column", bool(page.crossed)),
        ("findings", "Findings", bool(page.findings.rows)),
        ("method", "Method", True),
    ]
