"""One chart of an audit by itself, as it stands in no page: the forest of slices, the floor, the
flow of answers."""

from __future__ import annotations

import hashlib
import re

from markupsafe import Markup

from undertow.audit.answered import WORDS
from undertow.audit.result import Audit, VariantAudit
from undertow.audit.wording import share
from undertow.errors import UserError
from undertow.report.cards import scale_of, title_of
from undertow.report.counts import changed_verdict, counts, whole
from undertow.report.effects import slice_effects
from undertow.report.figures.floor import AgainstFloor, floor_chart
from undertow.report.figures.flow import flow_chart
from undertow.report.figures.forest import common_axis, forest
from undertow.report.figures.svg import tag
from undertow.report.naming import whole as whole_name
from undertow.report.panels import count_chart
from undertow.report.wording import absent, short

KINDS = ("forest", "floor", "flow")
PAPER, INK = "#fdfcf9", "#1c1b19"
MARGIN = 14
_SIZE = re.compile(r'width="([0-9.]+)" height="([0-9.]+)"')


def chart(audit: Audit, kind: str = "forest", variant: str | None = None) -> str:
    """The SVG, whole in itself. ``variant`` may be left out where there is one, and for the floor,
    which shows all. Raises ``UserError`` for a chart that this audit does not have."""
    if kind not in KINDS:
        raise UserError(f"plot({kind!r}): there is no such chart; choose {', '.join(KINDS)}")
    if kind == "floor":
        return alone(_floor(audit))
    one = _variant(audit, kind, variant)
    return alone(_forest(audit, one) if kind == "forest" else _flow(audit, one))


def alone(drawn: Markup) -> str:
    """The chart on paper of its own, so that it reads the same in a dark notebook and on a
    slide."""
    found = _SIZE.search(drawn)
    sides = found.groups() if found else ("420", "300")
    width, height = (float(side) + 2 * MARGIN for side in sides)
    made = tag(
        "svg", tag("rect", x=-MARGIN, y=-MARGIN, width=width, height=height, fill=PAPER), drawn,
        xmlns="http://www.w3.org/2000/svg", viewBox=f"{-MARGIN} {-MARGIN} {width:g} {height:g}",
        width=width, height=height, color=INK,
    )  # fmt: skip
    return str(made)


def _variant(audit: Audit, kind: str, name: str | None) -> VariantAudit:
    names = [v.arm.name for v in audit.variants]
    if name is None and len(names) == 1:
        return audit.variants[0]
    if name not in names:
        what = "there are several variants" if name is None else f"there is no variant {name!r}"
        choices = ", ".join(repr(short(n, 60)) for n in names[:12])
        raise UserError(f"plot({kind!r}): {what}; choose variant= one of {choices}")
    return audit.variants[names.index(name)]


def _forest(audit: Audit, variant: VariantAudit) -> Markup:
    shown = slice_effects(audit, panels=len(audit.variants))
    panels = shown.panels if shown else ()
    panel = next((p for p in panels if p.variant == variant.arm.name), None)
    if shown is None or panel is None:
        raise UserError(
            "plot('forest'): no finding is about a slice; name slices, by='class' or by= a column"
        )
    measure = title_of(shown.measure, audit.reference.outcome)
    title = f"{measure} by slice, {whole_name(variant.arm.name)}"
    axis, scale = common_axis([panel]), scale_of(shown.measure)
    return forest(panel, axis, scale, _key("forest", audit, variant), title, len(shown.columns))


def _floor(audit: Audit) -> Markup:
    key = _key("floor", audit)
    floored = tuple(row for row in counts(audit) if not absent(row.count.floor))
    drawn = count_chart(floored, key)
    if drawn is not None:
        return drawn
    rows = [row for v in audit.variants for row in _churned(audit, v)]
    if not rows:
        raise UserError(
            "plot('floor'): there is no floor, as the old model was run once; give repeat runs or "
            "members of it, compare([old, old_again], new)"
        )
    return floor_chart(
        rows, key, "Answers that changed, against their floor", "share of answers that changed"
    )


def _churned(audit: Audit, variant: VariantAudit) -> list[AgainstFloor]:
    """Beside one variant member the floor is what repeat runs of the reference change."""
    row = whole(audit.findings, variant.arm.name, "churn")
    if row is None or absent(row["floor"]):
        return []
    words = WORDS[audit.answered]
    moved = f"{share(row['changed'], row['floor'])} {words.of} {words.moved}"
    said = f"{moved}; repeat runs {share(row['floor'], row['changed'])}"
    return [
        AgainstFloor(
            variant.arm.name, "", row["changed"], row["floor"], row["floor_low"], row["floor_high"],
            changed_verdict(audit, variant), said,
        )
    ]  # fmt: skip


def _flow(audit: Audit, variant: VariantAudit) -> Markup:
    found = variant.composition
    if found is None or not found.flows:
        raise UserError(
            "plot('flow'): no answer went from one class to another, or answers have no classes; "
            "plot('forest') shows slices"
        )
    title = f"Where answers went, {whole_name(variant.arm.name)}"
    return flow_chart(found.flows, _key("flow", audit, variant), title)


def _key(kind: str, audit: Audit, variant: VariantAudit | None = None) -> str:
    """Tells the ids of one chart from those of others in the same notebook."""
    said = f"{audit.headline}\n{'' if variant is None else variant.arm.name}"
    return f"{kind}-{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()[:8]}"
