"""The rules by which numbers become verdicts: of a finding, of a count, of a variant.

They stand here and nowhere else, so that the report, the summary and the gate cannot disagree.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import polars as pl

from undertow.audit.settings import Settings
from undertow.audit.slices.table import ALL, CLASS
from undertow.audit.slices.unknown import CROSS
from undertow.card import Card

Verdict = Literal[
    "worse", "mixed", "changed", "better", "within tolerance", "too small to tell", "undefined"
]
VERDICTS: tuple[Verdict, ...] = (
    "worse",
    "mixed",
    "changed",
    "better",
    "within tolerance",
    "too small to tell",
    "undefined",
)
"""``mixed`` is a verdict on a variant alone: the whole gains and slices lose, or the reverse. No
finding has it. ``changed``: more than chance, in a way that by itself costs nobody, such as answers
that moved."""
PRIORITY: tuple[Verdict, ...] = (
    "worse",
    "mixed",
    "changed",
    "too small to tell",
    "better",
    "within tolerance",
    "undefined",
)
COSTLY: tuple[Verdict, ...] = ("worse", "mixed")
"""Verdicts that say that somebody loses."""
ERROR_RATES = ("false_positive_rate", "false_negative_rate")
WITHIN_CLASS = pl.col("slice").str.split(CROSS).list.contains(CLASS)
"""Slices by class, alone or crossed: within a class an error rate is that of the rest again."""


def direction(effect: float, worse: str) -> Verdict:
    """What a change that is more than chance means, given which direction costs somebody."""
    if worse == "neither":
        return "changed"
    return "worse" if (effect > 0) == (worse == "higher") else "better"


def shift_verdict(
    card: Card,
    effect: float,
    low: float,
    high: float,
    p_adjusted: float,
    *,
    level: float,
    tolerance: float,
    unseen: tuple[float, float] | None = None,
) -> Verdict:
    """Verdict on a shift of a per-member measure.

    More than chance, which p and interval must both say: worse, better or changed. Otherwise the
    interval decides whether nothing happened (it lies within ± tolerance) or nothing can be said
    (it does not): "not significant" alone is never a verdict.

    What gives the all-clear, better or within tolerance, has to hold with clusters unlike those
    seen too: so have the limits ``unseen`` (``mean_shift``; without clusters they are the
    interval). That somebody lost is said by what was seen.
    """
    least, most = unseen or (low, high)
    if math.isnan(effect):
        return "undefined"
    if p_adjusted <= level and (low > 0 or high < 0):
        found = direction(effect, card.worse)
        if found != "better" or least > 0 or most < 0:
            return found
    if least >= -tolerance and most <= tolerance:
        return "within tolerance"
    return "too small to tell"


def floor_verdict(
    card: Card,
    value: float,
    floor: float,
    high: float,
    p_adjusted: float,
    *,
    level: float,
    tolerance: float,
    unseen_low: float = math.inf,
) -> Verdict:
    """Verdict on a disagreement, which is judged against its floor: what exchanged members give.

    ``high`` is the upper limit of the excess over the floor. As for a shift, "not significant"
    alone is no verdict: the excess must be shown to stay within the tolerance. NaN where nothing
    limits it. For what is better ``unseen_low``, the lower limit with clusters unlike those seen,
    has to be above 0.
    """
    if math.isnan(value) or math.isnan(floor):
        return "undefined" if math.isnan(value) else "too small to tell"
    if p_adjusted <= level:
        found = direction(value - floor, card.worse)
        if found != "better" or unseen_low > 0:
            return found
    return "within tolerance" if high <= tolerance else "too small to tell"


def count_verdict(p: float, found: Verdict, *, above: bool, level: float) -> Verdict:
    """Verdict on how many examples, or how many votes, changed, against the floor: p decides
    whether that is more than chance, or fewer.

    Where it does not, ``found``, the verdict of the finding about the same, says whether the floor
    was narrow enough to conclude anything.
    """
    if p <= level:
        return "changed" if above else "within tolerance"
    return (
        "too small to tell" if math.isnan(p) or found == "too small to tell" else "within tolerance"
    )


def variant_verdict(findings: pl.DataFrame, settings: Settings) -> Verdict:
    """Worse if accuracy is, on the whole or on a slice, or if an error rate of a binary task rises
    (``risen``). ``mixed`` where the whole gains and somebody loses, or the whole loses and a slice
    gains.

    Better if the whole gains and nobody is shown to lose. Else changed, if answers on the whole
    moved more than chance and enough to matter (by the overall tolerance: with many members a shift
    of one vote in a thousand is more than chance). Answers that moved cost nobody by themselves: as
    many may have become right as wrong. About the models at hand they inform only, since any other
    model moves more answers than repeat runs of one do; how many may move is a question for the
    gate (``max_churn``). Without outcomes they are all there is, and decide.

    An audit asks a dozen measures; if any of them could turn the verdict, one null comparison in
    three would be called worse. So two questions about accuracy decide, each at the audit's level,
    and one about error rates at half of it; the other findings inform. The share of null
    comparisons that are called worse is in ``docs/calibration-verdicts.md``.
    """
    accuracy = findings.filter(pl.col("measure") == "accuracy")
    whole, slices = (
        set(accuracy.filter(part)["verdict"])
        for part in (pl.col("slice") == ALL, pl.col("slice") != ALL)
    )
    loses = "worse" in slices or bool(risen(findings, settings.level).height)
    if ("better" in whole and loses) or ("worse" in whole and "better" in slices):
        return "mixed"
    if "worse" in whole or loses:
        return "worse"
    if "better" in whole:
        return "better"
    if _moved_enough(findings, settings, labelled=bool(accuracy.height)):
        return "changed"
    if accuracy.height:
        said: Verdict = next((v for v in PRIORITY if v in set(accuracy["verdict"])), "undefined")
        return "within tolerance" if said == "better" else said  # A slice gains, not the whole.
    moved = moved_answers(findings)
    if moved is None:
        return "undefined"
    return "within tolerance" if moved["verdict"] == "changed" else moved["verdict"]


def _moved_enough(findings: pl.DataFrame, settings: Settings, *, labelled: bool) -> bool:
    """Whether votes, or without outcomes answers, moved more than chance and enough to matter."""
    moved = moved_answers(findings)
    return (
        moved is not None
        and moved["verdict"] == "changed"
        and moved["effect"] >= settings.tolerance_overall
        and (moved["measure"] == "taxicab" or not labelled)
    )


def risen(findings: pl.DataFrame, level: float) -> pl.DataFrame:
    """Error rates that are shown to rise, on the whole or on a slice, largest rise first.

    One question with half of the level, shared by both rates, and by the whole and the slices where
    there are any: the finding is worse, and its family's adjusted p reaches that part.
    """
    rows = findings.filter(pl.col("measure").is_in(ERROR_RATES) & ~WITHIN_CLASS)
    if rows.is_empty():  # as in every task of more than two classes
        return rows
    families = rows.select("measure", pl.col("slice") == ALL).unique().height
    share = level / 2 / max(families, 1)
    shown = rows.filter((pl.col("p_adjusted") <= share) & (pl.col("verdict") == "worse"))
    return shown.sort("effect", descending=True, maintain_order=True)


def moved_answers(findings: pl.DataFrame) -> dict[str, Any] | None:
    """How far answers moved on the whole, as a share of votes: total variation where members vote,
    else churn."""
    whole = findings.filter(pl.col("slice") == ALL)
    for measure, scale in (("taxicab", 0.5), ("churn", 1.0)):
        rows = whole.filter(pl.col("measure") == measure)
        if rows.height:
            row = rows.row(0, named=True)
            return {**row, **{key: scale * row[key] for key in ("effect", "changed", "floor")}}
    return None
