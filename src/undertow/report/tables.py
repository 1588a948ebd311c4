"""The two tables of the page: who is over-represented among the exemplars, and every finding."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from undertow.audit.by_examples import NO_FLOOR
from undertow.audit.result import Audit
from undertow.audit.slices.table import ALL
from undertow.audit.verdicts import Verdict
from undertow.report.cards import ACCURACY, scale_of, title_of
from undertow.report.wording import NONE, number, percent, probability

TABLE_ROWS = 300
"""Findings shown in the page; all are in ``findings.parquet``."""
OVER_INDEXED_ROWS = 60
FEWEST = 3
"""Rows from which a remark that most rows share is said once."""
EFFECT, FLOOR = "Effect", "Floor"


@dataclass(frozen=True)
class Cell:
    """A number as it is written and as it sorts, under its heading; ``limits`` stand beneath it."""

    head: str
    said: str
    value: float
    limits: str = ""


@dataclass(frozen=True)
class FindingRow:
    variant: str
    measure: str
    slice: str
    value: str
    verdict: Verdict
    note: str
    cells: tuple[Cell, ...]
    """n, effect with interval, floor (where any row has one), adjusted p, reference, variant."""


@dataclass(frozen=True)
class FindingTable:
    rows: tuple[FindingRow, ...]
    total: int
    variants: tuple[str, ...]
    measures: tuple[str, ...]
    verdicts: tuple[str, ...]
    heads: tuple[str, ...]
    once: tuple[tuple[str, int], ...]
    """Remarks that would stand on most rows, and of how many they are true."""
    bare: str
    """Which findings are left out as no repeat run says what they mean; empty where none is."""


@dataclass(frozen=True)
class OverRow:
    variant: str
    slice: str
    value: str
    share_exemplars: str
    share_all: str
    ratio: str
    n: str


def over_indexed(audit: Audit) -> tuple[tuple[OverRow, ...], int]:
    """Slices with a larger share among exemplars than among all examples, largest share of
    exemplars' excess first."""
    frames = [
        v.over_indexed.with_columns(variant=pl.lit(v.arm.name)).filter(
            pl.col("ratio").fill_nan(None) > 1
        )
        for v in audit.variants
        if v.over_indexed.height
    ]
    if not frames:
        return (), 0
    every = pl.concat(
        [f.sort("n_exemplars", "ratio", descending=True, maintain_order=True) for f in frames]
    )
    return tuple(
        _over_row(r) for r in every.head(OVER_INDEXED_ROWS).iter_rows(named=True)
    ), every.height


def _over_row(row: dict[str, Any]) -> OverRow:
    return OverRow(
        variant=str(row["variant"]),
        slice=str(row["slice"]),
        value=str(row["value"]),
        share_exemplars=percent(row["share_exemplars"]),
        share_all=percent(row["share_all"]),
        ratio=f"{number(row['ratio'], 1)} ×",
        n=f"{row['n_exemplars']:,} of {row['n_all']:,}",
    )


def finding_table(findings: pl.DataFrame, outcome: str = ACCURACY) -> FindingTable:
    """Rows by importance: the whole first, then by verdict, adjusted p and size of the effect."""
    told, bare = _told(findings)
    order = ("worse", "changed", "better", "too small to tell", "within tolerance", "undefined")
    rank = {verdict: place for place, verdict in enumerate(order)}
    chosen = told.sort(
        pl.col("slice") != ALL,
        pl.col("verdict").replace_strict(rank, default=5, return_dtype=pl.Int8),
        pl.col("p_adjusted").fill_nan(None),
        -pl.col("effect").abs().fill_nan(None),
        nulls_last=True,
        maintain_order=True,
    ).head(TABLE_ROWS)
    floored = not chosen["floor_high"].fill_nan(None).is_null().all()
    once = _repeated(chosen["note"].to_list())
    rows = tuple(
        _finding(r, outcome, floored, [remark for remark, _ in once])
        for r in chosen.iter_rows(named=True)
    )
    present = set(chosen["verdict"])
    return FindingTable(
        rows=rows,
        total=told.height,
        variants=tuple(dict.fromkeys(r.variant for r in rows)),
        measures=tuple(dict.fromkeys(r.measure for r in rows)),
        verdicts=tuple(v for v in rank if v in present),
        heads=tuple(cell.head for cell in rows[0].cells) if rows else (),
        once=once,
        bare=_bare_said(bare),
    )


def _told(findings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Without and with what is undefined on slices for want of a repeat run, if that is much."""
    bare = (pl.col("slice") != ALL) & (pl.col("note").fill_null("") == NO_FLOOR)
    bare &= pl.col("verdict") == "undefined"
    left = findings.filter(bare)
    return (findings.filter(~bare), left) if left.height >= FEWEST else (findings, findings.clear())


def _bare_said(bare: pl.DataFrame) -> str:
    if not bare.height:
        return ""
    return (
        f"{bare.height:,} more, of how answers changed on slices, are undefined for want of a "
        "repeat run of the reference, and stand in findings.parquet alone."
    )


def _repeated(notes: list[str | None]) -> tuple[tuple[str, int], ...]:
    """Remarks of most rows, and of how many."""
    said = [note.split("; ") for note in notes if note]
    counted = Counter(remark for note in said for remark in dict.fromkeys(note))
    return tuple((remark, n) for remark, n in counted.items() if n >= FEWEST and 2 * n > len(notes))


def _finding(row: dict[str, Any], outcome: str, floored: bool, once: Sequence[str]) -> FindingRow:
    return FindingRow(
        variant=str(row["variant"]),
        measure=title_of(str(row["measure"]), outcome),
        slice=str(row["slice"]),
        value=str(row["value"]),
        verdict=row["verdict"],
        note="; ".join(r for r in str(row["note"] or "").split("; ") if r not in once),
        cells=tuple(c for c in _cells(row) if floored or c.head != FLOOR),
    )


def _cells(row: dict[str, Any]) -> Iterator[Cell]:
    get: dict[str, float] = {k: math.nan if row[k] is None else float(row[k]) for k in _NUMBERS}
    sides = get["reference"], get["changed"]
    scale = scale_of(str(row["measure"]))
    scale = scale.telling(get["effect"], get["low"], get["high"], sides=sides)
    floor = (
        scale.interval(get["floor_low"], get["floor_high"])
        if row["unit"] == "member"
        else scale.span(get["floor_low"], get["floor_high"])
    )
    yield Cell("n", f"{row['n_examples'] or 0:,}", get["n_examples"])
    limits = scale.interval(get["low"], get["high"])
    effect = scale.effect(get["effect"])
    yield Cell(EFFECT, effect, get["effect"], "" if limits == NONE else limits)
    yield Cell(FLOOR, floor, get["floor_high"])
    yield Cell("Adjusted p", probability(get["p_adjusted"]), get["p_adjusted"])
    yield Cell("Reference", scale.value(get["reference"]), get["reference"])
    yield Cell("Variant", scale.value(get["changed"]), get["changed"])


_NUMBERS = (
    "n_examples",
    "reference",
    "changed",
    "effect",
    "low",
    "high",
    "floor_low",
    "floor_high",
    "p_adjusted",
)
