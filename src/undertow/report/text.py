"""Parts lowered to plain text for a terminal and to Markdown for a pull request or a job summary."""

from __future__ import annotations

import re
from collections.abc import Sequence

from undertow.audit.result import Audit
from undertow.report.parts import WORDS, Page, page
from undertow.report.toplines import TopLine
from undertow.report.wording import line, short

SUMMARY_BYTES = 60_000
"""What ``summary.md`` may be: comments on code hosts end at 64 kB."""

_SIGN = {"worse": "▼", "better": "▲", "within floor": "●", "too small to tell": "◇", "undefined": "×"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$@:&-])")


def summary_text(audit: Audit) -> str:
    """The audit for a terminal: verdict first, a few lines per variant, no colours and no control characters."""
    parts = page(audit)
    said = [f"{WORDS[parts.verdict].upper()}: {line(audit.headline)}"]
    if parts.stamp:
        said.append(parts.stamp)
    said.append("")
    width = max((len(short(t.name, 28)) for t in parts.top_lines), default=0)
    for t in parts.top_lines:
        said += _plain(t, width)
    return "\n".join(said) + "\n"


def _plain(t: TopLine, width: int) -> list[str]:
    name = short(t.name, 28).ljust(width)
    shift = f" ({t.shift} points, {t.shift_interval})" if t.shift_interval else ""
    first = f"  {_SIGN[t.verdict]} {name}  accuracy {t.before} → {t.after}{shift}"
    pad = " " * (width + 6)
    worst = [
        f"{pad}{short(e.slice)} {short(e.value, 40)} {effect} {t.unit} ({interval}), n = {e.n:,}"
        for e, effect, interval in t.worst
    ]
    changed = f"{pad}{t.changed} {t.changed_of} changed; {t.floor}" if t.changed_of else ""
    return [first, f"{pad}{t.slices}", *worst, *([changed] if changed else [])]


def summary_markdown(audit: Audit) -> str:
    """``summary.md``: the verdict in the first line, then the tables of the page, at most 60 kB."""
    parts = page(audit)
    blocks = [_opening(parts), _top_lines(parts), _worst(parts), _counts(parts), _closing(parts)]
    return _within("\n\n".join(b for b in blocks if b) + "\n")


def _opening(parts: Page) -> str:
    first = f"**{_SIGN[parts.verdict]} {WORDS[parts.verdict]}.** {_md(parts.audit.headline, 2000)}"
    stamp = f"\n\n> **{parts.stamp}**" if parts.stamp else ""
    return f"{first}{stamp}\n\n{_md(parts.title, 160)} · " + " · ".join(_md(f, 60) for f in parts.facts)


def _top_lines(parts: Page) -> str:
    rows = [
        (
            f"{_SIGN[t.verdict]} {_md(t.name)}",
            f"{t.before} → {t.after}",
            f"{t.shift} ({t.shift_interval})" if t.shift_interval else t.shift,
            _md(t.slices),
            f"{t.changed} {t.changed_of}",
            t.floor,
        )
        for t in parts.top_lines
    ]
    heads = ("Variant", "Top line", "Change in points (interval)", "Slices", "Changed answers", "Floor")
    return _table("The top line, beside what it hides", heads, rows)


def _worst(parts: Page) -> str:
    rows = [
        (_md(t.name), f"{_md(e.slice, 40)} {_md(e.value)}", f"{e.n:,}", effect, interval)
        for t in parts.top_lines
        for e, effect, interval in t.worst
    ]
    return _table("Slices that pay", ("Variant", "Slice", "n", "Effect", "Interval"), rows) if rows else ""


def _counts(parts: Page) -> str:
    rows = [(f"{_SIGN[r.verdict]} {_md(r.name)}", *r.cells[:4], r.cells[6], r.cells[7]) for r in parts.counts]
    heads = ("Variant", "Changed", "Floor [interval]", "p", "Confirmed", "Mean Taxicab", "Taxicab floor")
    return _table("How many answers changed, against chance", heads, rows) if rows else ""


def _closing(parts: Page) -> str:
    told = zip(parts.top_lines, parts.audit.variants, strict=True)
    design = [f"- {_md(t.name)}: {_md(s, 400)}" for t, v in told for s in v.design]
    assumed = [f"- {_md(a, 400)}" for a in parts.audit.assumptions]
    said = ["## What this design can decide", "", *design]
    if assumed:
        said += ["", "## What was assumed", "", *assumed]
    return "\n".join([*said, "", "Pictures, charts and every finding: `report.html`, `findings.parquet`."])


def _table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"## {title}", "", _row(heads), _row(("---",) * len(heads))]
    return "\n".join([*lines, *(_row(r) for r in rows)])


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _md(said: str, limit: int = 80) -> str:
    """Other people's text in Markdown: nothing in it makes a link, a tag, a mention or a table cell."""
    return _SPECIAL.sub(r"\\\1", short(said, limit))


def _within(said: str) -> str:
    """Cut at a line so that the file keeps its size whatever was audited."""
    note = "\n\nCut at 60 kB; `report.html` has the rest.\n"
    if len(said.encode()) <= SUMMARY_BYTES:
        return said
    kept = said.encode()[: SUMMARY_BYTES - len(note.encode())].decode(errors="ignore")
    return kept[: kept.rfind("\n")] + note
