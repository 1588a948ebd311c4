"""Tables and panels of how much members differ, by what they differ by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan

import polars as pl

from undertow.audit.stats.components import Estimate
from undertow.study.declaration import Table
from undertow.study.figures import Line, Panel
from undertow.study.pairs import p_text
from undertow.study.tooling.nulls import NULLS
from undertow.study.tooling.sources import Row, Sources

NONE = "–"
SHARES = {"mean", "churn"}
"""Measures that cannot leave 0 to 1, though Student's limits can."""


def sources_table(sources: Sources, nets: Iterable[str], of: Sequence[str]) -> Table:
    """A row for each network and source: how accurate members are, and how much they differ."""
    rows = [[net, source, *_whole(sources, net, source)] for net in nets for source in of]
    head = ["network", "members differ by", "members", "accuracy %", "its spread", "true spread"]
    note = (
        "With 95 % limits. *Spread*: standard deviation over members in points; *true spread*: "
        "what is left of it on endless examples. *Churn*: share of test examples on which two "
        "members answer differently. *Distance* of weights as vectors of length 1, from 0 to 2. "
        "*Gain*: of the mean probabilities of two members over one, in points. Churn, distance "
        "and gain are means over pairs of members."
    )
    return Table(
        "How much members differ", [*head, "churn %", "distance", "gain of two"], rows, note
    )


def _whole(sources: Sources, net: str, source: str) -> list[str]:
    found = sources.whole(net, source)
    shares = ("mean", "spread", "true_spread", "churn")
    return [
        str(len(sources.of(net, source).ids)),
        *(
            _limits(found[name], 100, ".1f" if name in ("mean", "churn") else ".2f")
            for name in shares
        ),
        _limits(found["weight_distance"], 1, ".3f"),
        _limits(found["pair_gain"], 100, ".2f"),
    ]


def _limits(row: Row, times: float, form: str) -> str:
    value, low, high = (times * row[name] for name in ("measured", "low", "high"))
    if isnan(value):
        return NONE
    if row["measure"] in SHARES:
        low, high = max(low, 0.0), min(high, times)
    return f"{value:{form}}" + ("" if isnan(low) else f" [{low:{form}}, {high:{form}}]")


def classes_table(sources: Sources, nets: Iterable[str], of: Sequence[str]) -> Table:
    """The class that varies most beside both nulls, as papers print its ratio and by size."""
    rows = []
    for net in nets:
        for source in of:
            for measure in ("largest_ratio", "largest_scaled_ratio"):
                each = [sources.largest(net, source, measure, null) for null in NULLS]
                scaled = "by size" if measure == "largest_scaled_ratio" else "as printed"
                cells = [cell for row in each for cell in (_null(row), p_text(row["p"]))]
                rows.append([net, source, scaled, each[0]["value"], _times(each[0]), *cells])
    head = ["network", "members differ by", "ratio", "class", "times the whole's"]
    nulls = [name for null in NULLS for name in (f"if {null.replace('_', ' ')}", "p")]
    note = (
        "Standard deviation over members of the class that varies most, as a multiple of that of "
        "the whole; *by size* times √(n of the class / n). Each null: median and 95 % of what it "
        "gives. Errors that are *independent* alone do not show classes that move, as these move "
        "the whole too; the *same accuracies* keep the whole as it is."
    )
    return Table("The class that varies most", [*head, *nulls], rows, note)


def _times(row: Row) -> str:
    return NONE if isnan(row["measured"]) else f"{row['measured']:.1f}"


def _null(row: Row) -> str:
    names = ("null_middle", "null_low", "null_high")
    middle, low, high = (row[name] for name in names)
    return NONE if isnan(middle) else f"{middle:.1f} [{low:.1f}, {high:.1f}]"


def tools_table(sources: Sources, nets: Iterable[str], tools: Sequence[str]) -> Table:
    """One training with each tool, of the control's seeds, beside the control."""
    rows = []
    for net in nets:
        own = sources.right(net, sources.control)
        for tool, moved in sources.moved(net, tools).items():
            gain = 100 * (sources.right(net, tool) - own)
            rows.append([net, tool, f"{100 * moved:.1f}", f"{gain:+.1f}"])
        rows.append([net, "every two of these", f"{100 * sources.among(net, tools):.1f}", NONE])
    note = (
        "Each is one training with the seeds of the control, so that only arithmetic differs: the "
        "share of test answers that are others than the control's, and the change of accuracy. "
        "*Every two of these*: mean over pairs, the control among them."
    )
    head = ["network", "tool", "other answers %", "accuracy, points"]
    return Table("The same seeds in other tools", head, rows, note)


MEASURED = {"churn": "churn, %", "spread": "spread of accuracy, points"}


def sources_panel(sources: Sources, nets: Iterable[str], of: Sequence[str], measure: str) -> Panel:
    """Churn or the spread of accuracy with limits, by the number of the source in ``of``; a line
    for each network."""
    lines = []
    for number, net in enumerate(nets):
        found = [sources.whole(net, source)[measure] for source in of]
        y, low, high = ([100 * row[name] for row in found] for name in ("measured", "low", "high"))
        x = [*range(1, len(of) + 1)]
        lines.append(Line(net, x, y, low, high, number, "dotted"))
    return Panel(MEASURED[measure], "source, by its place in the table", MEASURED[measure], lines)


def classes_panel(sources: Sources, net: str, of: Sequence[str]) -> Panel:
    """Spread of each class's accuracy with limits, a line for each source."""
    lines = []
    for number, source in enumerate(of):
        found = sources.by_class(net, source).filter(pl.col("measure") == "spread")
        columns = (found[name] * 100 for name in ("measured", "low", "high"))
        y, low, high = (column.to_list() for column in columns)
        lines.append(Line(source, [*range(1, len(y) + 1)], y, low, high, number))
    return Panel(f"Classes, {net}", "class, in order", "spread of its accuracy, points", lines)


def ratio_text(found: Estimate) -> str:
    """How many times, with limits."""
    if isnan(found.value):
        return NONE
    return f"{found.value:.2f} times [{found.low:.2f}, {found.high:.2f}]"
