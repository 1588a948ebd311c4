"""The verdict in one sentence, for people."""

from __future__ import annotations

import math

import polars as pl

from undertow.audit.findings import ALL
from undertow.audit.result import Arm, ExemplarCount, VariantAudit, Verdict

PRIORITY: tuple[Verdict, ...] = ("worse", "too small to tell", "better", "within floor", "undefined")


def variant_verdict(findings: pl.DataFrame) -> Verdict:
    """Worse if accuracy is, on the whole or on a slice, or if answers on the whole moved more than chance.

    An audit asks a dozen measures; if any of them could turn the verdict, one null comparison in three would be called
    worse. So three questions decide, each at the audit's level, and the other findings inform. ``docs/calibration.md``
    has the share of null comparisons that are called worse.
    """
    accuracy = findings.filter(pl.col("measure") == "accuracy")
    moved = findings.filter(pl.col("measure").is_in(["taxicab", "churn"]) & (pl.col("slice") == ALL))
    moved = moved.filter(pl.col("measure") == "taxicab") if "taxicab" in moved["measure"] else moved
    if "worse" in {*accuracy["verdict"], *moved["verdict"]}:
        return "worse"
    asked = set((accuracy if accuracy.height else moved)["verdict"])
    return next((v for v in PRIORITY if v in asked), "undefined")


def variant_headline(
    arm: Arm, findings: pl.DataFrame, count: ExemplarCount | None, *, floored: bool, level: float
) -> str:
    """Top line, who pays, and how many examples against chance: one sentence each, in that order."""
    said = [_top_line(arm, findings), _slices(findings), _examples(findings, count, floored, level)]
    return " ".join(s for s in said if s)


def _top_line(arm: Arm, findings: pl.DataFrame) -> str:
    row = findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == ALL))
    if row.height == 0 or math.isnan(row["effect"][0]):
        return f"{arm.name}: no labels, so only disagreement can be measured."
    effect, verdict = row["effect"][0], row["verdict"][0]
    interval = f"95 % interval {_signed(row['low'][0])} to {_signed(row['high'][0])}"
    words = {
        "worse": f"loses {_points(effect)} of accuracy overall ({interval})",
        "better": f"gains {_points(effect)} of accuracy overall ({interval})",
        "within floor": f"keeps its accuracy ({_signed(effect)} points, {interval})",
        "too small to tell": f"may or may not keep its accuracy ({_signed(effect)} points, {interval})",
    }
    return f"{arm.name} {words.get(verdict, 'has no defined accuracy')}."


def _slices(findings: pl.DataFrame) -> str:
    rows = findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") != ALL))
    if rows.height == 0:
        return ""
    worse = rows.filter(pl.col("verdict") == "worse").sort("effect")
    if worse.height == 0:
        open_ = rows.filter(pl.col("verdict") == "too small to tell").height
        tail = f"; {open_} of {rows.height} are too small to tell" if open_ else ""
        return f"No slice loses more than chance{tail}."
    first = worse.row(0, named=True)
    return (
        f"{worse.height} of {rows.height} slices lose more than chance; "
        f"{first['slice']} {first['value']} pays most: {_signed(first['effect'])} points "
        f"({_signed(first['low'])} to {_signed(first['high'])})."
    )


def _examples(findings: pl.DataFrame, count: ExemplarCount | None, floored: bool, level: float) -> str:
    if count is not None:
        more = "more than" if count.p <= level else "no more than"
        return (
            f"{count.observed:,} of {count.n_examples:,} examples changed their modal answer, {more} chance: "
            f"exchanged members give {count.floor_low:,.0f} to {count.floor_high:,.0f}."
        )
    row = findings.filter((pl.col("measure") == "churn") & (pl.col("slice") == ALL))
    if row.height == 0:
        return ""
    share = f"{100 * row['changed'][0]:.1f} % of answers changed"
    if floored:
        return f"{share}; a repeat run of the reference changes {100 * row['floor'][0]:.1f} %."
    return f"{share}; there is no floor to set that against (one member each side)."


def audit_headline(variants: tuple[VariantAudit, ...]) -> str:
    """The sentence of the variant that costs most; how many others cost somebody."""
    worst = min(variants, key=lambda v: (PRIORITY.index(v.verdict), _top(v)))
    worse = sum(v.verdict == "worse" for v in variants)
    if len(variants) == 1:
        return worst.headline
    if worse == 0:
        return f"None of {len(variants)} variants costs anybody more than chance shows. {worst.headline}"
    return f"{worse} of {len(variants)} variants cost somebody more than chance. {worst.headline}"


def _top(variant: VariantAudit) -> float:
    return variant.arm.accuracy if not math.isnan(variant.arm.accuracy) else 0.0


def _points(effect: float) -> str:
    size = f"{abs(100 * effect):.1f}"
    return f"{size} point" if size == "1.0" else f"{size} points"


def _signed(effect: float) -> str:
    return f"{100 * effect:+.1f}".replace("-", "−")
