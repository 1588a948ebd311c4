"""The verdict in one sentence, for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from undertow.audit.answered import WORDS, Answered, Words
from undertow.audit.composition import loss_by_answers
from undertow.audit.result import Arm, Composition, ExemplarCount, VariantAudit
from undertow.audit.slices.table import ALL, CLASS
from undertow.audit.verdicts import (
    COSTLY,
    ERROR_RATES,
    PRIORITY,
    Verdict,
    count_verdict,
    moved_answers,
    risen,
)
from undertow.audit.wording import UNSEEN, signed

BEYOND = "accuracy_beyond_overall"
ELSEWHERE = "with clusters unlike those it may not"
NAMED = 3
"""Rates that are named in one sentence beside the first."""


def variant_headline(
    arm: Arm,
    findings: pl.DataFrame,
    count: ExemplarCount | None,
    composition: Composition | None = None,
    *,
    floored: bool,
    level: float,
    mistakes: Mapping[str, str] | None = None,
    answered: Answered = "answers",
) -> str:
    """Top line, who pays, and how many examples against chance: one sentence each, in that order.
    ``mistakes``: what an error rate counts, in the words of the classes."""
    said = [
        _top_line(arm, findings, level),
        _slices(findings, _by_answers(composition)),
        _error_rates(risen(findings, level), mistakes or {}) + _fallen_rate(findings, level),
        _examples(findings, count, floored, level, WORDS[answered]),
    ]
    return " ".join(s for s in said if s)


def _top_line(arm: Arm, findings: pl.DataFrame, level: float) -> str:
    row = findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == ALL))
    if row.height == 0:
        return f"{arm.name}: no labels, so only disagreement can be measured."
    if math.isnan(row["effect"][0]):
        return (
            f"{arm.name}: a change of {arm.outcome} cannot be measured "
            f"({row['note'][0] or 'undefined'})."
        )
    effect, low, high, verdict = (row[name][0] for name in ("effect", "low", "high", "verdict"))
    interval = (
        f"{100 - 100 * level:g} % interval {signed(low)} to {signed(high)}"
        if low <= high
        else "no interval"
    )
    shift = f"({signed(effect)} points, {interval})"
    unseen = verdict == "too small to tell" and UNSEEN in row["note"][0]
    if verdict == "too small to tell" and (low > 0 or high < 0):
        moved = (
            f"{arm.name} {'gains' if effect > 0 else 'loses'} {_points(effect)} of {arm.outcome} "
            f"overall ({interval})"
        )
        if unseen and row["p"][0] <= level:
            return f"{moved} on the clusters seen; {ELSEWHERE}."
        # The interval is of another test than the p value, and of the two the exact one decides.
        return f"{moved}, but the test cannot tell that from chance (p = {row['p'][0]:.2g})."
    words = {
        "worse": f"loses {_points(effect)} of {arm.outcome} overall ({interval})",
        "better": f"gains {_points(effect)} of {arm.outcome} overall ({interval})",
        "within tolerance": f"keeps its {arm.outcome} {shift}",
        "too small to tell": f"keeps its {arm.outcome} on the clusters seen {shift}; {ELSEWHERE}"
        if unseen
        else f"may or may not keep its {arm.outcome} {shift}",
    }
    return f"{arm.name} {words.get(verdict, f'has no defined {arm.outcome}')}."


def _by_answers(composition: Composition | None) -> dict[str, str]:
    """Of each class that loses recall by being answered less, what to say instead of that it
    pays."""
    if composition is None:
        return {}
    return {
        c.value: loss_by_answers(c, composition.means)
        for c in composition.classes
        if c.loses_by_answers
    }


def _slices(findings: pl.DataFrame, by_answers: dict[str, str]) -> str:
    rows = findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") != ALL))
    if rows.height == 0:
        return ""
    worse = rows.filter(pl.col("verdict") == "worse").sort("effect", maintain_order=True)
    unknown = rows.filter(pl.col("verdict") == "undefined").height
    if unknown == rows.height:
        return "No slice could be measured."
    if worse.height == 0:
        open_ = rows.filter(pl.col("verdict") == "too small to tell").height
        are = "is" if open_ == 1 else "are"
        tail = f"; {open_} of {rows.height} {are} too small to tell" if open_ else ""
        tail += f"; {unknown} of {rows.height} could not be measured" if unknown else ""
        open_ += unknown
        shown = "is shown to lose" if open_ else "loses"
        gains = _gains(rows, findings)
        yet = f" Yet {gains}." if gains else ""
        return f"No slice {shown} more than chance can explain{tail}.{yet}"
    losing = list(worse.iter_rows(named=True))
    pays = next((row for row in losing if _reason(row, by_answers) is None), None)
    first, said = losing[0], []
    if pays is not first:
        said.append(
            f"{first['slice']} {first['value']} {_reason(first, by_answers)}, "
            f"{_shift(first, 'recall ')}"
        )
    if pays is not None:
        most = "pays most" if pays is first else "pays most of the others"
        said.append(f"{pays['slice']} {pays['value']} {most}: {_shift(pays)}")
    gains = _gains(rows, findings)
    said += [gains] if gains else []
    lose = "loses" if worse.height == 1 else "lose"
    many = f"{worse.height} of {rows.height} slices {lose} more than chance can explain"
    return f"{many}{_beyond(findings, worse)}; {'; '.join(said)}."


def _gains(rows: pl.DataFrame, findings: pl.DataFrame) -> str:
    """The slice that gains most where the whole loses, which makes the verdict mixed."""
    whole = findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == ALL))
    better = rows.filter(pl.col("verdict") == "better").sort(
        "effect", descending=True, maintain_order=True
    )
    if better.height == 0 or whole.height == 0 or whole["verdict"][0] != "worse":
        return ""
    most = better.row(0, named=True)
    verb = "gains" if better.height == 1 else "gains most"
    return f"{most['slice']} {most['value']} {verb}: {_shift(most)}"


def _beyond(findings: pl.DataFrame, worse: pl.DataFrame) -> str:
    """Where the whole loses every slice may share that: how many are shown to lose more."""
    whole = findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == ALL))
    rows = findings.filter(pl.col("measure") == BEYOND)
    if rows.height == 0 or whole.height == 0 or whole["verdict"][0] != "worse":
        return ""
    more = rows.filter(pl.col("verdict") == "worse").join(worse, on=["slice", "value"], how="semi")
    if more.height == worse.height:
        return ", and more than the whole loses"
    if worse.height == 1:
        return ", though it is not shown to lose more than the whole"
    shown = "is" if more.height == 1 else "are"
    return f", of which {more.height or 'none'} {shown} shown to lose more than the whole"


def _reason(row: dict[str, Any], by_answers: dict[str, str]) -> str | None:
    return by_answers.get(row["value"]) if row["slice"] == CLASS else None


def _shift(row: dict[str, Any], of: str = "") -> str:
    return f"{of}{signed(row['effect'])} points ({signed(row['low'])} to {signed(row['high'])})"


def _error_rates(rows: pl.DataFrame, mistakes: Mapping[str, str]) -> str:
    """The largest rise, and how many more there are. A rate is told in the words of the classes:
    which of two is the positive one is often no more than a guess."""
    if rows.height == 0:
        return ""
    first = rows.row(0, named=True)
    rate = first["measure"].replace("_", " ")
    rate += f" ({mistakes[first['measure']]})" if first["measure"] in mistakes else ""
    where = "" if first["slice"] == ALL else f" of {first['slice']} {first['value']}"
    counts = first["note"].split(";")[0]
    named = f", {counts}" if counts.startswith("false ") else ""
    return f"The {rate}{where} rises: {_shift(first)}{named}{_other_rates(rows[1:])}."


def _fallen_rate(findings: pl.DataFrame, level: float) -> str:
    """The other error rate where it falls on the slice whose first one rises: the threshold moved,
    and for whom that is better belongs to the sentence."""
    rose = risen(findings, level)
    if rose.height == 0:
        return ""
    first = rose.row(0, named=True)
    fell = findings.filter(
        pl.col("measure").is_in(ERROR_RATES)
        & (pl.col("measure") != first["measure"])
        & (pl.col("slice") == first["slice"])
        & (pl.col("value") == first["value"])
        & (pl.col("verdict") == "better")
    )
    if fell.height == 0:
        return ""
    row = fell.row(0, named=True)
    counts = row["note"].split(";")[0]
    named = f", {counts}" if counts.startswith("false ") else ""
    where = "" if row["slice"] == ALL else f" of {row['slice']} {row['value']}"
    return f" The {row['measure'].replace('_', ' ')}{where} falls: {_shift(row)}{named}."


def _other_rates(rows: pl.DataFrame) -> str:
    """The other rates that rise by name, as many as a sentence holds."""
    if rows.height == 0:
        return ""
    named = [
        row["measure"].replace("_", " ")
        + (" overall" if row["slice"] == ALL else f" of {row['slice']} {row['value']}")
        for row in rows[:NAMED].iter_rows(named=True)
    ]
    left = rows.height - len(named)
    named += [f"{left} more"] if left else []
    listed = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    return f"; so {'does' if rows.height == 1 else 'do'} the {listed}"


def _examples(
    findings: pl.DataFrame, count: ExemplarCount | None, floored: bool, level: float, words: Words
) -> str:
    if count is not None:
        return (
            f"{_counted(count, words)}, "
            f"{_against_chance(findings, count, level)}: exchanged members give "
            f"{count.floor_low:,.0f} to {count.floor_high:,.0f}." + _votes(findings, count, level)
        )
    moved = moved_answers(findings)
    if moved is None:
        return ""
    share = f"{100 * moved['changed']:.1f} % {words.of} {words.moved}"
    if floored:
        return f"{share}; a repeat run of the reference {words.again} {100 * moved['floor']:.1f} %."
    return f"{share}. There is no floor to compare this with: the reference has one run."


def _counted(count: ExemplarCount, words: Words) -> str:
    if count.tied:
        return (
            f"{count.observed:,} of the {count.out_of:,} examples with {words.mode} on both sides "
            "changed it"
        )
    return f"{count.observed:,} of {count.out_of:,} examples {words.modal}"


def _against_chance(findings: pl.DataFrame, count: ExemplarCount, level: float) -> str:
    """ "No more than chance" is a claim too: it needs a design and a floor that could have shown
    more."""
    whole = findings.filter((pl.col("measure") == "modal_disagreement") & (pl.col("slice") == ALL))
    found: Verdict = whole["verdict"][0] if whole.height else "undefined"
    verdict = count_verdict(count.p, found, above=True, level=level)
    if verdict == "changed":
        inside = count.observed <= count.floor_high  # Two-sided, where p is one-sided.
        return f"more than chance (p = {count.p:.2g})" if inside else "more than chance"
    if verdict == "within tolerance":
        return "no more than chance"
    return "which cannot be told from chance"


def _votes(findings: pl.DataFrame, count: ExemplarCount, level: float) -> str:
    """Votes can move before a modal answer does; said only where the count alone would hide it."""
    moved = moved_answers(findings)
    if moved is None or count.p <= level or moved["verdict"] != "changed":
        return ""
    return (
        f" Yet {100 * moved['changed']:.1f} % of votes moved, more than chance "
        f"({100 * moved['floor']:.1f} %)."
    )


def audit_headline(variants: tuple[VariantAudit, ...], findings: pl.DataFrame) -> str:
    """The sentence of the variant that costs most; how many others cost somebody."""
    worst = min(variants, key=lambda v: (PRIORITY.index(v.verdict), _top(v)))
    worse = sum(v.verdict in COSTLY for v in variants)
    if len(variants) == 1:
        return worst.headline
    unsure = _undecided(variants, findings)
    if worse == 0:
        but = f"; {unsure} could not be decided" if unsure else ""
        return (
            f"None of {len(variants)} variants is shown to lose more than chance can explain{but}. "
            f"{worst.headline}"
        )
    lose = "loses" if worse == 1 else "lose"
    return (
        f"{worse} of {len(variants)} variants {lose} more than chance can explain. {worst.headline}"
    )


def _undecided(variants: tuple[VariantAudit, ...], findings: pl.DataFrame) -> int:
    """How many are not shown to lose or to keep: answers that changed do not settle that."""
    whole = findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == ALL))
    open_ = set(whole.filter(pl.col("verdict") == "too small to tell")["variant"])
    return sum(
        v.verdict == "too small to tell" or (v.verdict == "changed" and v.arm.name in open_)
        for v in variants
    )


def _top(variant: VariantAudit) -> float:
    return variant.arm.accuracy if not math.isnan(variant.arm.accuracy) else 0.0


def _points(effect: float) -> str:
    size = f"{abs(100 * effect):.1f}"
    return f"{size} point" if size == "1.0" else f"{size} points"
