"""Who loses, in sentences: slices of accuracy, and error rates that rise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from undertow.audit.composition import loss_by_answers
from undertow.audit.result import Composition
from undertow.audit.slices.table import ALL, CLASS
from undertow.audit.verdicts import ERROR_RATES, Verdict, risen
from undertow.audit.wording import told

BEYOND = "accuracy_beyond_overall"
KEPT: tuple[Verdict, ...] = ("better", "within tolerance", "too small to tell")
"""Verdicts on a whole that is not shown to lose."""
NONE_SHOWN = "No slice is shown to lose"
"""How the sentence begins on slices of which some are open."""
NAMED = 3
"""Rates that are named in one sentence beside the first."""


def leading_loss(name: str, findings: pl.DataFrame, by_answers: dict[str, str]) -> str:
    """Who loses, where slices do and the whole is not shown to: whoever reads one sentence has to
    read that one. Else empty."""
    rows = findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") != ALL))
    worse = rows.filter(pl.col("verdict") == "worse").sort("effect", maintain_order=True)
    if worse.height == 0 or not whole_kept(findings):
        return ""
    many = f"{name} loses on {worse.height} of {rows.height} slices"
    losing = list(worse.iter_rows(named=True))
    if worse.height > 1:
        return f"{many}; {'; '.join(_paying(losing, by_answers))}."
    (one,) = losing
    reason = _reason(one, by_answers)
    how = f" {_shift(one)}" if reason is None else f" {reason}, {_shift(one, 'recall ')}"
    return f"{many}: {one['slice']} {one['value']}{how}."


def whole_row(findings: pl.DataFrame) -> dict[str, Any] | None:
    """Accuracy on all examples; ``None`` without labels."""
    rows = findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == ALL))
    return rows.row(0, named=True) if rows.height else None


def whole_kept(findings: pl.DataFrame) -> bool:
    """Whether accuracy was measured on the whole, and is not shown to fall."""
    whole = whole_row(findings)
    return whole is not None and whole["verdict"] in KEPT


def lost_by_answers(composition: Composition | None) -> dict[str, str]:
    """Of each class that loses recall by being answered less, what to say instead of that it
    pays."""
    if composition is None:
        return {}
    return {
        c.value: loss_by_answers(c, composition.means)
        for c in composition.classes
        if c.loses_by_answers
    }


def slices_said(findings: pl.DataFrame, by_answers: dict[str, str]) -> str:
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
        none = NONE_SHOWN if open_ else "No slice loses"
        gains = _gains(rows, findings)
        yet = f" Yet {gains}." if gains else ""
        return f"{none} more than chance can explain{tail}.{yet}"
    said = _paying(list(worse.iter_rows(named=True)), by_answers)
    gains = _gains(rows, findings)
    said += [gains] if gains else []
    lose = "loses" if worse.height == 1 else "lose"
    many = f"{worse.height} of {rows.height} slices {lose} more than chance can explain"
    return f"{many}{_beyond(findings, worse)}; {'; '.join(said)}."


def _paying(losing: list[dict[str, Any]], by_answers: dict[str, str]) -> list[str]:
    """Who loses most; where that is by being answered less, who pays most of the others too."""
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
    return said


def _gains(rows: pl.DataFrame, findings: pl.DataFrame) -> str:
    """The slice that gains most where the whole loses, which makes the verdict mixed."""
    whole = whole_row(findings)
    better = rows.filter(pl.col("verdict") == "better").sort(
        "effect", descending=True, maintain_order=True
    )
    if better.height == 0 or whole is None or whole["verdict"] != "worse":
        return ""
    most = better.row(0, named=True)
    verb = "gains" if better.height == 1 else "gains most"
    return f"{most['slice']} {most['value']} {verb}: {_shift(most)}"


def _beyond(findings: pl.DataFrame, worse: pl.DataFrame) -> str:
    """Where the whole loses every slice may share that: how many are shown to lose more."""
    whole = whole_row(findings)
    rows = findings.filter(pl.col("measure") == BEYOND)
    if rows.height == 0 or whole is None or whole["verdict"] != "worse":
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
    said = told(row["effect"], row["low"], row["high"])
    return f"{of}{said.effect} points ({said.low} to {said.high})"


def error_rates_said(rows: pl.DataFrame, mistakes: Mapping[str, str]) -> str:
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


def fallen_rate(findings: pl.DataFrame, level: float) -> str:
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
    return f"The {row['measure'].replace('_', ' ')}{where} falls: {_shift(row)}{named}."


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
