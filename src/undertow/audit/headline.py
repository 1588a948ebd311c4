"""The verdict in one sentence, for people."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import polars as pl

from undertow.audit.answered import WORDS, Answered, Words
from undertow.audit.open_rates import open_rates_said
from undertow.audit.result import Arm, Composition, ExemplarCount, VariantAudit
from undertow.audit.slices.table import ALL
from undertow.audit.told_by import on_columns
from undertow.audit.verdicts import (
    COSTLY,
    PRIORITY,
    Verdict,
    count_verdict,
    moved_answers,
    risen,
)
from undertow.audit.who_loses import (
    NONE_SHOWN,
    error_rates_said,
    fallen_rate,
    leading_loss,
    lost_by_answers,
    slices_said,
    whole_kept,
    whole_row,
)
from undertow.audit.wording import UNSEEN, share, told

ELSEWHERE = "with clusters unlike those it may not"
WHOLE = "The whole"
_OF_SENTENCES = re.compile(
    "gain(s|ed)?|los(s|es?|t)|keeps?|kept|may|has|changed?|changes|rises?|rose|falls?|fell|better|"
    "worse|mixed|none|no|overall|accuracy|scores?|slices?|answers?|points?|chance|(the )?whole",
    re.IGNORECASE,
)


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
    Where somebody loses and the whole is not shown to, who does comes first. ``mistakes``: what an
    error rate counts, in the words of the classes."""
    by_answers, name = lost_by_answers(composition), _called(arm.name)
    moved = _examples(findings, count, floored, level, WORDS[answered])
    rise = error_rates_said(risen(findings, level), mistakes or {})
    slices, fall = slices_said(findings, by_answers), fallen_rate(findings, level)
    untold = open_rates_said(findings, {} if rise else mistakes or {}, level)
    whole = _top_line(arm, findings, level, of_whole=True)
    loses = leading_loss(name, findings, by_answers)
    if loses:
        said = [loses, whole, rise, fall, moved]
    elif rise and whole_kept(findings):
        said = [f"{name}: {rise[:1].lower()}{rise[1:]}", whole, fall, slices, untold, moved]
    elif slices.startswith(NONE_SHOWN) and _is_within(findings) and "too small" in slices:
        # That the whole keeps it does not come before a verdict that slices leave open.
        said = [f"{name}: {slices[:1].lower()}{slices[1:]}", whole, untold, rise, fall, moved]
    else:
        said = [_top_line(arm, findings, level), slices, untold, rise, fall, moved]
    return " ".join(s for s in said if s)


def _is_within(findings: pl.DataFrame) -> bool:
    row = whole_row(findings)
    return row is not None and row["verdict"] == "within tolerance"


def _called(name: str) -> str:
    """A name that is a word of these sentences stands in quotes: ``‘gain’ gains 5.0 points``."""
    return f"‘{name}’" if _OF_SENTENCES.fullmatch(name) else name


def _top_line(arm: Arm, findings: pl.DataFrame, level: float, *, of_whole: bool = False) -> str:
    """What became of the whole; ``of_whole`` after a sentence on others."""
    who, overall = (_called(arm.name), " overall") if not of_whole else (WHOLE, "")
    row = whole_row(findings)
    if row is None:
        return f"{who}: no labels, so only disagreement can be measured."
    if math.isnan(row["effect"]):
        return (
            f"{who}: a change of {arm.outcome} cannot be measured ({row['note'] or 'undefined'})."
        )
    effect, low, high, verdict = (row[name] for name in ("effect", "low", "high", "verdict"))
    said = told(effect, low, high)
    interval = (
        f"{100 - 100 * level:g} % interval {said.low} to {said.high}"
        if low <= high
        else "no interval"
    )
    shift = f"({said.effect} points, {interval})"
    moved = (
        f"{'gains' if effect > 0 else 'loses'} {_points(said.effect)} of {arm.outcome}{overall} "
        f"({interval})"
    )
    unseen = verdict == "too small to tell" and UNSEEN in row["note"]
    if verdict == "too small to tell" and (low > 0 or high < 0):
        if unseen and row["p"] <= level:
            return f"{who} {moved} on the clusters seen; {ELSEWHERE}."
        # The interval is of another test than the p value, and of the two the exact one decides.
        return f"{who} {moved}, but the test cannot tell that from chance (p = {row['p']:.2g})."
    words = {
        "worse": moved,
        "better": moved,
        "within tolerance": f"keeps its {arm.outcome} {shift}",
        "too small to tell": f"keeps its {arm.outcome} on the clusters seen {shift}; {ELSEWHERE}"
        if unseen
        else f"may or may not keep its {arm.outcome} {shift}",
    }
    return f"{who} {words.get(verdict, f'has no defined {arm.outcome}')}."


def _examples(
    findings: pl.DataFrame, count: ExemplarCount | None, floored: bool, level: float, words: Words
) -> str:
    if count is not None and count.out_of == 0:
        return f"No example has {words.mode} on both sides." + _votes(findings, count, level, words)
    if count is not None:
        return (
            f"{_counted(count, words)}, "
            f"{_against_chance(findings, count, level)}: exchanged members give "
            f"{count.floor_low:,.0f} to {count.floor_high:,.0f}."
            + _votes(findings, count, level, words)
        )
    moved = moved_answers(findings)
    if moved is None:
        return ""
    changed, floor = moved["changed"], moved["floor"]
    said = f"{share(changed, floor)} {words.of} {words.moved}"
    if floored:
        return f"{said}; a repeat run of the reference {words.again} {share(floor, changed)}."
    return f"{said}. There is no floor to compare this with: the reference has one run."


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


def _votes(findings: pl.DataFrame, count: ExemplarCount, level: float, words: Words) -> str:
    """Votes can move before a modal answer does; said only where the count alone would hide it."""
    moved = moved_answers(findings)
    if moved is None or count.p <= level or moved["verdict"] != "changed":
        return ""
    changed, floor = moved["changed"], moved["floor"]
    return (
        f" Member by member, {share(changed, floor)} {words.of} moved where chance alone moves "
        f"{share(floor, changed)}: more than chance, though the most common answers do not show it."
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


def with_notices(headline: str, notices: Sequence[str]) -> str:
    """With what must be known before any number, and after it what a column tells."""
    after = on_columns(notices)
    return " ".join((*(n for n in notices if n not in after), headline, *after))


def without_notices(headline: str, notices: Sequence[str]) -> str:
    """The headline alone."""
    after = on_columns(notices)
    before = " ".join(n for n in notices if n not in after)
    return headline.removeprefix(before).removesuffix(" ".join(after)).strip()


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


def _points(said: str) -> str:
    size = said.lstrip("+−")
    return f"{size} point" if float(size) == 1 else f"{size} points"
