"""The charts of a page, drawn from its parts: panels of slices, and counts against their floor."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from undertow.audit.verdicts import VERDICTS
from undertow.report.cards import scale_of, title_of
from undertow.report.counts import CountRow
from undertow.report.crossed import CrossedPart
from undertow.report.effects import Panel, SliceEffects
from undertow.report.figures.contrast import contrast_chart
from undertow.report.figures.floor import AgainstFloor, floor_chart
from undertow.report.figures.forest import NARROW, WIDE, Room, common_axis, forest
from undertow.report.naming import whole
from undertow.report.parts import WORDS, Page


@dataclass(frozen=True)
class PanelView:
    """The chart of one variant and the words above it."""

    variant: str
    said: str
    shown: int
    chart: Markup
    wide: Markup | None
    """The same with room for every number, where it stands alone."""


@dataclass(frozen=True)
class RateView:
    """The charts of one error rate, and how many variants have no chart."""

    title: str
    panels: tuple[PanelView, ...]
    left_out: int


@dataclass(frozen=True)
class CrossedView:
    """Exemplars against controls of one variant, and the chart of it."""

    part: CrossedPart
    chart: Markup


def crossed(parts: Page) -> tuple[CrossedView, ...]:
    """One for each variant."""
    title = "Exemplars less controls, by column"
    return tuple(
        CrossedView(
            part, contrast_chart(part.rows, f"crossed-{n}", f"{title}, {whole(part.variant)}")
        )
        for n, part in enumerate(parts.crossed)
    )


def panels(parts: Page) -> tuple[PanelView, ...]:
    return () if parts.effects is None else _views(parts.effects, "slices", parts.outcome)


def rates(parts: Page) -> tuple[RateView, ...]:
    """A chart of each error rate of a binary task."""
    return tuple(
        RateView(
            title_of(shown.measure),
            _views(shown, shown.measure, parts.outcome),
            shown.variants - len(shown.panels),
        )
        for shown in parts.error_rates
    )


def _views(shown: SliceEffects, key: str, outcome: str) -> tuple[PanelView, ...]:
    alone = len(shown.panels) == 1
    return tuple(
        PanelView(
            p.variant,
            _verdicts_said(p),
            len(p.effects),
            _drawn(shown, p, NARROW, f"{key}-{n}", outcome),
            _drawn(shown, p, WIDE, f"{key}-{n}-wide", outcome) if alone else None,
        )
        for n, p in enumerate(shown.panels)
    )


def _drawn(shown: SliceEffects, panel: Panel, room: Room, key: str, outcome: str) -> Markup:
    named = f"{title_of(shown.measure, outcome)} by slice, {whole(panel.variant)}"
    axis, scale = common_axis(shown.panels, room), scale_of(shown.measure)
    return forest(panel, axis, scale, key, named, len(shown.columns))


def _verdicts_said(panel: Panel) -> str:
    said = ", ".join(
        f"{panel.verdicts[v]} {WORDS[v].lower()}" for v in VERDICTS if panel.verdicts.get(v)
    )
    if len(panel.effects) < panel.total:
        said += f" · {len(panel.effects)} of {panel.total:,} slices drawn"
    return said


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


def taxicab_chart(counts: tuple[CountRow, ...]) -> Markup | None:
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
