"""The page of examined examples: one file, without scripts."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

import undertow
from undertow.audit.examined.called import VERDICTS
from undertow.audit.examined.examine import Examined
from undertow.records.traces.trace import Trace
from undertow.report.examined.cards import InputOf, kinds
from undertow.report.examined.said import (
    counts,
    expected_said,
    headline,
    share_said,
    trust,
    window_said,
)
from undertow.report.html import digest_of, environment, static
from undertow.report.wording import percent, plural, short

PAIRS, VALUES = 20, 60
"""Rows of the tables of confused classes and of values that the page shows."""
TITLES = {
    "likely mislabelled": "Likely mislabelled",
    "atypical": "Atypical",
    "typical": "Typical",
    "cannot tell": "Cannot tell",
}


@dataclass(frozen=True)
class ValueRow:
    """Verdicts of the examples that share a value."""

    value: str
    examples: str
    counts: tuple[str, ...]


def page(
    trace: Trace,
    found: Examined,
    table: pl.DataFrame,
    inputs: InputOf,
    unseen: str,
    by: str,
) -> str:
    """``unseen`` says how to get pictures where there are none, ``by`` names the column of the
    table of values. The same input gives the same characters."""
    shown = kinds(trace, found, table, inputs)
    values = trace.values
    styles = static("report.css") + static("examined.css")
    made = environment().get_template("examined.html")
    return made.render(
        title=headline(found),
        counts=[(TITLES[verdict], n, note) for verdict, n, note in counts(found)],
        share=unbroken(share_said(found)),
        expected=unbroken(expected_said(found)),
        trust=[unbroken(said) for said in trust(found)],
        notices=trace.notices,
        doubts=trace.doubts,
        kinds=[(TITLES[kind.verdict], kind) for kind in shown],
        unseen="" if any(kind.pictured for kind in shown) else unseen,
        pairs=_pairs(trace, found),
        by=by,
        values=by_value(table, by)[:VALUES],
        verdicts=[TITLES[verdict] for verdict in VERDICTS],
        heads_of_verdicts=[(TITLES[verdict], "num") for verdict in VERDICTS],
        about=trace.about,
        members=plural(len(values.members), "member"),
        examples=plural(len(values.example_id_N), "example"),
        epochs=plural(len(values.entry.epochs), "epoch"),
        ruled=found.evidence.epochs < len(values.entry.epochs),
        window_said=window_said(found),
        known=int(found.known_wrong_N.sum()),
        version=undertow.__version__,
        css=styles,
        css_hash=digest_of(styles),
    )


def unbroken(said: str) -> str:
    """No line of the page begins with the unit of a number that ends the one before."""
    return said.replace(" %", "\u00a0%")


def by_value(table: pl.DataFrame, column: str) -> list[ValueRow]:
    """A row for each value, those with the largest share of likely mislabelled examples first."""
    rows: list[tuple[float, str, ValueRow]] = []
    asked = table.filter(pl.col("known_wrong") == "no")
    for (value,), part in asked.group_by([column], maintain_order=True):
        n = [int((part["verdict"] == verdict).sum()) for verdict in VERDICTS]
        cells = tuple(f"{k:,} ({percent(k / part.height)})" for k in n)
        said = "none" if value is None else str(value)
        rows.append((-n[0] / part.height, said, ValueRow(said, f"{part.height:,}", cells)))
    return [row for _, _, row in sorted(rows, key=lambda one: one[:2])]


def _pairs(trace: Trace, found: Examined) -> list[tuple[str, str, str, str, str]]:
    """Label, class answered instead, how many, how many of them are listed, and a remark."""
    return [
        (
            short(trace.name_of(one.given), 60),
            short(trace.name_of(one.instead), 60),
            f"{one.answered:,} of {one.of:,}",
            f"{one.listed:,}",
            "confused in bulk" if one.in_bulk else "",
        )
        for one in found.confusions[:PAIRS]
    ]
