"""What the terminal shows of examined examples."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from undertow.audit.examined.examine import Examined
from undertow.records.traces.trace import Trace
from undertow.report.examined.said import (
    believed_wrong,
    counts,
    expected_said,
    headline,
    share_said,
    told_by,
    trust,
)
from undertow.report.wording import number, plural, short

WORST = 10


def terminal(trace: Trace, found: Examined, check: pl.DataFrame) -> str:
    """All of it: what was read, how many of each, how sure, and the worst labels."""
    values = trace.values
    read = (
        f"{short(trace.about, 120)}: {plural(len(values.members), 'member')}, "
        f"{plural(len(values.example_id_N), 'example')}, "
        f"{plural(len(values.entry.epochs), 'epoch')}{told_by(found)}"
    )
    of_each = ", ".join(
        f"{n:,} {verdict}{f' ({note})' if note else ''}" for verdict, n, note in counts(found)
    )
    known = int(found.known_wrong_N.sum())
    more = f" ({plural(known, 'label')} known to be wrong left out)" if known else ""
    said = [expected_said(found), *trust(found)]
    lines = [
        read,
        *(short(one, 300) for one in trace.notices),
        *(f"Before any number: {short(one, 900)}" for one in trace.doubts),
        "",
        f"{headline(found)}.",
        f"{of_each}{more}.",
        share_said(found),
    ]
    return "\n".join([*lines, *(one for one in said if one), *_worst(check, believed_wrong(found))])


def _worst(check: pl.DataFrame, believed: str) -> list[str]:
    if not check.height:
        return []
    shown = check.head(WORST)
    heads = ["example_id", "given", "suggested", "looks given", "looks suggested", believed]
    rows = [
        [
            *(short(row[name] or "–", 40) for name in ("example_id", "given", "suggested")),
            *(number(row[k], 2) for k in ("share_given", "share_instead", "p_mislabelled")),
        ]
        for row in shown.iter_rows(named=True)
    ]
    of = f"{plural(shown.height, 'label')} that stand worst" if shown.height > 1 else "the label"
    return ["", f"{of}:" if shown.height > 1 else "The label:", *aligned([heads, *rows])]


def aligned(rows: Sequence[Sequence[str]], words: int = 3) -> list[str]:
    """Columns of a table, the first ``words`` to the left and numbers to the right."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if k < words else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
