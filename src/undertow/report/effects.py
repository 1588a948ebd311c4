"""Which slice effects a page shows: one measure, the slices most affected, in an order that can be
compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import polars as pl

from undertow.audit.composition import BY_ANSWERS
from undertow.audit.result import Audit
from undertow.audit.slices.table import ALL
from undertow.audit.verdicts import ERROR_RATES, WITHIN_CLASS, Verdict
from undertow.report.cards import costs

ROWS = 30
"""Slices shown in one panel; beyond that the rest is in the table."""
PANELS = 12
PREFERRED = ("accuracy", "error", "score", "taxicab", "modal_disagreement", "churn")
WHOLE = "all examples"
"""Stands for the value of the row that is no slice."""
NOT_CHARTED = ("worst_slice_accuracy", "accuracy_beyond_overall")


@dataclass(frozen=True)
class Effect:
    """One slice of one variant. ``low, high`` and the floor band are on the scale of ``effect``: 0
    is no change."""

    slice: str
    value: str
    n: int
    reference: float
    changed: float
    effect: float
    low: float
    high: float
    band_low: float
    band_high: float
    verdict: Verdict
    note: str

    @property
    def banded(self) -> bool:
        """Whether there is a band to be seen: a floor of 0 lies beneath the line of 0."""
        return has_band(self.band_low, self.band_high)


@dataclass(frozen=True)
class Panel:
    """The slice effects of one variant. ``total`` slices exist, ``effects`` are those shown, most
    costly first."""

    variant: str
    effects: tuple[Effect, ...]
    total: int
    verdicts: dict[str, int]


@dataclass(frozen=True)
class SliceEffects:
    """All panels of one page. ``same_order`` holds where every panel lists the same slices in the
    same order."""

    measure: str
    panels: tuple[Panel, ...]
    variants: int
    same_order: bool
    columns: tuple[str, ...]


def slice_effects(audit: Audit, rows: int = ROWS, panels: int = PANELS) -> SliceEffects | None:
    """What the chart of slice effects shows, or ``None`` where no finding is about a slice."""
    name = primary_measure(audit.findings)
    return None if name is None else effects_of(audit, name, rows, panels)


def error_rates(audit: Audit) -> tuple[SliceEffects, ...]:
    """The error rates of a binary task, on the whole and by slice."""
    measured = set(audit.findings.filter(pl.col("effect").is_finite())["measure"])
    return tuple(effects_of(audit, name) for name in ERROR_RATES if name in measured)


def effects_of(audit: Audit, name: str, rows: int = ROWS, panels: int = PANELS) -> SliceEffects:
    """One measure by slice. An error rate has the whole as a row, since no top line shows it, and
    no classes, within which it is the overall one again."""
    cost = costs(name)
    hidden = WITHIN_CLASS if name in ERROR_RATES else pl.col("slice") == ALL
    found = audit.findings.filter((pl.col("measure") == name) & ~hidden)
    by_variant = {v.arm.name: found.filter(pl.col("variant") == v.arm.name) for v in audit.variants}
    made = [
        _panel(variant, frame, cost, rows) for variant, frame in by_variant.items() if frame.height
    ]
    chosen = _worst_panels(made, panels, cost)
    same = all(p.total <= rows for p in chosen)
    named = dict.fromkeys(e.slice for p in chosen for e in p.effects)
    columns = tuple(sorted(named, key=lambda column: column != ALL))
    order = _common_order(chosen, cost, columns) if same else {}
    order |= _natural_order(found, audit.ordered, columns)
    arranged = tuple(_arranged(p, order, cost, columns) for p in chosen)
    return SliceEffects(name, arranged, len(made), same, columns)


def primary_measure(findings: pl.DataFrame) -> str | None:
    """The measure that is charted: accuracy where there are labels, otherwise the first that has
    slices."""
    sliced = findings.filter((pl.col("slice") != ALL) & pl.col("effect").is_finite())
    names = [n for n in sliced["measure"].unique(maintain_order=True) if n not in NOT_CHARTED]
    return next((n for n in PREFERRED if n in names), names[0] if names else None)


def worst(panel: Panel | None, limit: int = 3) -> tuple[Effect, ...]:
    """The slices that the audit calls worse, most costly first."""
    if panel is None:
        return ()
    # Panels share one order of slices, so this one's own worst need not come first in it.
    return tuple(
        sorted((e for e in panel.effects if e.verdict == "worse"), key=lambda e: -abs(e.effect))
    )[:limit]


def floored(effects: SliceEffects | None) -> bool:
    """Whether any chart of slices has a band to explain."""
    drawn = effects.panels if effects else ()
    return any(e.banded for p in drawn for e in p.effects)


def has_band(low: float, high: float) -> bool:
    """Whether these limits of a floor can be seen in a chart."""
    return math.isfinite(low) and math.isfinite(high) and (low, high) != (0.0, 0.0)


def reason_of(effect: Effect) -> str:
    """``answered less often: 3,394 → 812 answers, …`` where a class loses recall by that, else
    empty."""
    first = effect.note.split(";")[0]
    return first.removeprefix(BY_ANSWERS) if first.startswith(BY_ANSWERS) else ""


def _panel(variant: str, frame: pl.DataFrame, cost: int, rows: int) -> Panel:
    effect = pl.col("effect").fill_nan(None)
    ranked = frame.sort(
        (pl.col("verdict") == "worse").cast(pl.Int8),
        (pl.col("verdict") == "better").cast(pl.Int8),
        pl.when(pl.col("verdict") == "worse").then(cost * effect).otherwise(effect.abs()),
        descending=True,
        nulls_last=True,
        maintain_order=True,
    )
    verdicts = {
        str(row["verdict"]): int(row["len"])
        for row in frame.group_by("verdict").len().iter_rows(named=True)
    }
    return Panel(
        variant,
        tuple(_effect(r) for r in ranked.head(rows).iter_rows(named=True)),
        frame.height,
        verdicts,
    )


def _effect(row: dict[str, Any]) -> Effect:
    # A rate's floor is about its shift; a disagreement's floor is a value of the measure itself.
    offset = 0.0 if row["unit"] == "member" else _float(row["floor"])
    return Effect(
        slice=row["slice"],
        value=WHOLE if row["slice"] == ALL else row["value"],
        n=int(row["n_examples"] or 0),
        reference=_float(row["reference"]),
        changed=_float(row["changed"]),
        effect=_float(row["effect"]),
        low=_float(row["low"]),
        high=_float(row["high"]),
        band_low=_float(row["floor_low"]) - offset,
        band_high=_float(row["floor_high"]) - offset,
        verdict=row["verdict"],
        note=row["note"] or "",
    )


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _worst_panels(made: list[Panel], limit: int, cost: int) -> list[Panel]:
    """At most ``limit`` panels: those that lose most are kept, in the order of the audit."""
    ranked = sorted(
        range(len(made)),
        key=lambda i: (-made[i].verdicts.get("worse", 0), -_largest(made[i], cost)),
    )
    return [made[i] for i in sorted(ranked[:limit])]


def _largest(panel: Panel, cost: int) -> float:
    return max((cost * e.effect for e in panel.effects if not math.isnan(e.effect)), default=0.0)


def _common_order(
    panels: list[Panel], cost: int, columns: tuple[str, ...]
) -> dict[tuple[str, str], tuple[int, float]]:
    """Column first, then the summed cost over variants, so that a row means the same slice in every
    panel.

    A slice that is undefined in every variant comes last.
    """
    costs_of: dict[tuple[str, str], list[float]] = {}
    for effect in (e for p in panels for e in p.effects):
        known = costs_of.setdefault((effect.slice, effect.value), [])
        known += [] if math.isnan(effect.effect) else [cost * effect.effect]
    return {
        k: (columns.index(k[0]), -sum(known) if known else math.inf)
        for k, known in costs_of.items()
    }


def _natural_order(
    found: pl.DataFrame, ordered: tuple[str, ...], columns: tuple[str, ...]
) -> dict[tuple[str, str], tuple[int, float]]:
    """Slices whose values have an order of their own stand in it, as the findings have them: a dose
    is read as a dose."""
    keys = found.filter(pl.col("slice").is_in([c for c in ordered if c in columns])).select(
        "slice", "value"
    )
    return {
        k: (columns.index(k[0]), n)
        for n, k in enumerate(keys.unique(maintain_order=True).iter_rows())
    }


def _arranged(
    panel: Panel,
    order: dict[tuple[str, str], tuple[int, float]],
    cost: int,
    columns: tuple[str, ...],
) -> Panel:
    def own(e: Effect) -> tuple[int, float]:
        return columns.index(e.slice), math.inf if math.isnan(e.effect) else -cost * e.effect

    def common(e: Effect) -> tuple[tuple[int, float], str]:
        # The value decides ties, which every variant ranked in its own order.
        return order.get((e.slice, e.value), own(e)), e.value

    return Panel(
        panel.variant, tuple(sorted(panel.effects, key=common)), panel.total, panel.verdicts
    )
