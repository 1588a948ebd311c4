"""What a terminal shows of a model that was asked in several ways."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import polars as pl

from undertow.audit.slices.table import ALL
from undertow.report.wording import NONE, both_ends, line, percent, plural, quoted_for_logs, short
from undertow.undecoded import escaped
from undertow.varying.differences import Difference
from undertow.varying.varied import Varied

SHOWN = 3
NAME = 30
HEADS = ["way", "flips", "beyond a repeat (95 % each)", "largest difference of an output"]


def said(found: Varied) -> str:
    """The verdict, how it was found, a row for each way, the examples that flip, and who is hit."""
    lines = [headline(found), *_notes(found), "", *_table(found)]
    lines += _skipped(found)
    lines += _slices(found)
    return "\n".join(quoted_for_logs(each) for each in lines)


def headline(found: Varied) -> str:
    """One sentence, in capitals what came of it."""
    if not found.repeats:
        return f"NOT REPEATABLE: {_not_repeatable(found)}"
    flipping = [gap for gap in found.differences if gap.flips]
    ways = plural(len(found.differences), "other way", "other ways")
    if not found.differences:
        return "NOTHING TO COMPARE: the model could be asked in no other way."
    if flipping:
        named = _by_family(found)
        change = "changes" if len(flipping) == 1 else "change"
        return f"FLIPS: {len(flipping)} of {ways} {change} answers: {named}."
    at = max(range(len(found.differences)), key=lambda k: found.differences[k].largest)
    gap, way = found.differences[at], found.ways.others[at].way
    largest = (
        "all outputs are equal to the bit"
        if not gap.largest
        else f"the largest difference of an output is {gap.largest:.2g} ({way.name}, "
        f"{_id(found, gap.at)})"
    )
    if found.decided.kind == "numbers":
        return f"NUMBERS: compared with {ways}; {largest}."
    return (
        f"NO FLIPS: {ways} {'gives' if len(found.differences) == 1 else 'give'} the reference's "
        f"answer to all {plural(len(found.ids), 'example')}; {largest}."
    )


def _not_repeatable(found: Varied) -> str:
    gap, n = found.again, len(found.ids)
    flips = f"; {gap.flips:,} of {plural(n, 'answer')} changed" if gap.flips else ""
    first = found.ways.first_apart
    where = f" The first operator that differs is {first}." if first else ""
    return (
        f"the same asked again gave other outputs, by {gap.largest:.2g} at most{flips}, so no "
        f"difference below is due to its way alone.{where}"
    )


def repeat_said(found: Varied) -> str:
    """What the reference's second run in the report is; empty where the headline says it."""
    second = "The second run of the reference is the same asked again"
    if found.repeats:
        return f"{second}: it gave the same outputs, to the bit, so what changes is due to its way."
    if found.again.flips:
        return ""
    return (
        f"{second}: it gave the same answers, and other outputs, by {found.again.largest:.2g} at "
        "most."
    )


def _by_family(found: Varied) -> str:
    """``batch size (batch-1: 3 of 60, batch-7: 2 of 60), padding (…)``."""
    families: dict[str, list[str]] = {}
    for (way, _), gap in zip(found.ways.others, found.differences, strict=True):
        if gap.flips:
            families.setdefault(way.family, []).append(
                f"{way.name}: {gap.flips:,} of {len(found.ids):,}"
            )
    return ", ".join(f"{family} ({', '.join(each)})" for family, each in families.items())


def _notes(found: Varied) -> Iterator[str]:
    yield from (f"NOTE: {line(notice)}" for notice in found.ways.notices)
    ways = found.ways
    yield (
        f"{line(found.model)}: {plural(len(found.ids), 'example')}, {_answers(found)}; the "
        f"reference is {ways.reference.way.about} on {plural(ways.threads, 'thread')}"
    )
    if found.repeats:
        yield "The same asked again gave the same outputs, to the bit."


def _answers(found: Varied) -> str:
    decided, columns = found.decided, found.ways.reference.answer_NC.shape[1]
    if decided.kind == "numbers":
        return f"{plural(columns, 'number')} each"
    if decided.kind == "threshold":
        return f"one output, {decided.classes[1]} above {decided.threshold:g}"
    return f"{columns:,} classes"


def _table(found: Varied) -> list[str]:
    """A row for each way, with the examples that flip beneath it."""
    rows = [
        (way.name, gap) for (way, _), gap in zip(found.ways.others, found.differences, strict=True)
    ]
    rows = rows if found.repeats else [("the same again", found.again), *rows]
    limits = _limits(found)
    cells = [[name, *_counted(found, gap, limits.get(name, NONE))] for name, gap in rows]
    cells = [HEADS, *cells]
    if found.decided.kind == "numbers":
        return [
            f"  {row[0].ljust(max(len(each[0]) for each in cells))}  {row[-1]}" for row in cells
        ]
    widths = [max(len(row[place]) for row in cells) for place in range(len(HEADS))]
    lines = [_row(HEADS, widths)]
    for (_, gap), row in zip(rows, cells[1:], strict=True):
        lines += [
            _row(row, widths),
            *(f"{' ' * (widths[0] + 4)}{each}" for each in _flipped(found, gap)),
        ]
    return lines


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  " + "  ".join(map(str.ljust, cells, widths)).rstrip()


def _counted(found: Varied, gap: Difference, limits: str) -> list[str]:
    """How many flip, limits of their share, and the largest difference."""
    share = percent(gap.flips / len(found.ids))
    return [f"{gap.flips:,} of {len(found.ids):,} ({share})", limits, f"{gap.largest:.2g}"]


def _limits(found: Varied) -> dict[str, str]:
    """By way, the audit's two one-sided limits of the share that changes, beyond what changes in a
    repeat run."""
    if found.audit is None:
        return {}
    return {
        row["variant"]: f"{100 * max(row['low'], 0):.1f} to {100 * row['high']:.1f} %"
        for row in churn_of(found.audit.findings).filter(pl.col("slice") == ALL).to_dicts()
        if math.isfinite(row["low"])
    }


def _flipped(found: Varied, gap: Difference) -> Iterator[str]:
    """The examples furthest from a tie, and how near to one the flips are."""
    if gap.no_numbers:
        row = int(gap.no_number_N.argmax())
        yield (
            f"{plural(gap.no_numbers, 'example')} got outputs that are no numbers, first "
            f"{_id(found, row)}"
        )
    if not len(gap.row_K):
        return
    classes = found.decided.classes
    shown = [
        f"{_id(found, row)} {short(classes[before])} → {short(after)} (margin {m:.2g})"
        for row, before, after, m in zip(
            gap.row_K[:SHOWN], gap.before_K, answers_after(found, gap), gap.margin_K, strict=False
        )
    ]
    more = len(gap.row_K) - len(shown)
    yield ", ".join(shown) + (f" and {more:,} more" if more else "")
    yield (
        f"margins of the reference {gap.margin_K.min():.2g} to {gap.margin_K.max():.2g}; "
        f"{gap.near_ties:,} of {len(gap.row_K):,} are near ties"
    )


def answers_after(found: Varied, gap: Difference) -> list[str]:
    """What the examples that flip are answered in this way."""
    lost_K, classes = gap.no_number_N[gap.row_K], found.decided.classes
    return [
        "no number" if lost else classes[k] for k, lost in zip(gap.after_K, lost_K, strict=True)
    ]


def _id(found: Varied, row: int) -> str:
    return repr(both_ends(found.ids[row], NAME))


def _skipped(found: Varied) -> list[str]:
    """Ways that show nothing, and why."""
    told = (("no effect here", found.ways.no_effect), ("not tried", found.ways.skipped))
    return [f"  {how}: {each.name}: {line(each.why)}" for how, ways in told for each in ways]


def _slices(found: Varied) -> list[str]:
    """Slices whose answers changed beyond chance, those that changed most first."""
    if found.audit is None:
        return []
    rows = churn_of(found.audit.findings).filter(
        (pl.col("slice") != ALL) & (pl.col("verdict") == "changed")
    )
    lines = [
        f"  {row['variant']}: {both_ends(row['slice'])} {both_ends(row['value'])}: "
        f"{percent(row['changed'])} of {row['n_examples']:,} change (excess over the floor "
        f"{_points(row['low'])} to {_points(row['high'])} points)"
        for row in rows.sort("effect", descending=True).head(2 * SHOWN).to_dicts()
    ]
    head = ["", "Slices in which more answers change than in a repeat run:"]
    return [*head, *lines] if lines else []


def churn_of(findings: pl.DataFrame) -> pl.DataFrame:
    """Rows of the findings that count changed answers, of all and by slice."""
    return findings.filter(pl.col("measure") == "churn")


def _points(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f}"


def told(found: Varied) -> str:
    """The same with where everything is."""
    audited = "" if found.audit is None else "report.html (whom it hits), "
    return f"{said(found)}\n\nwritten to {escaped(str(found.folder))}: {audited}vary.json"
