"""Collects the columns of a sample file block by block, in one pass over it or rarely two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.lm_eval.choice import Rule, answered, chosen, labels, learn_rule
from undertow.records.formats.lm_eval.document import doc_series
from undertow.records.formats.lm_eval.layout import Layout
from undertow.records.formats.lm_eval.options import first_context, options_of
from undertow.records.formats.lm_eval.rows import Row, Source, column
from undertow.records.formats.lm_eval.text import generated, said_or_not
from undertow.records.formats.logs.outcome import (
    Outcome,
    Values,
    choose_outcome,
    joined,
    values_of,
    why_not,
)
from undertow.records.formats.logs.texts import kept_input, text_column
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.reading import Reading

HASHES = {"doc_hash": 16, "target_hash": 4, "prompt_hash": 12}
"""Hexadecimal digits that are kept.

Documents are compared with all others, since copies count once: of a million, 64 bits take two for
one in one of 40 million logs (48 in one of 600, and 32 take some hundred pairs in each). Prompts
are compared between rows of one id alone, where few digits do; texts of up to twelve letters take a
third of the memory in polars.
"""


@dataclass(eq=False)
class Collected:
    """What one pass over a file finds. ``metric`` is the one that choices are told by."""

    filter: str
    metric: str | None
    rule: Rule = field(default_factory=Rule)
    frames: list[pl.DataFrame] = field(default_factory=list)
    values: dict[str, list[Values]] = field(default_factory=dict)
    other_filters: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def settle(
    source: Source, reading: Reading, less_is_better: Collection[str]
) -> tuple[Collected, Outcome]:
    """Passes over the file until filter and metric are what all rows allow."""
    found = _of_one_filter(source, reading, less_is_better)
    table = {name: joined(parts) for name, parts in found.values.items()}
    found.values.clear()
    outcome = choose_outcome(
        str(source.path), table, reading.metric, less_is_better=less_is_better, answers_suffice=True
    )
    if outcome.name != found.metric and source.layout.kind == "choice":
        found = _collect(source, found.filter, reading, less_is_better, outcome.name)
    return found, outcome


def _of_one_filter(source: Source, reading: Reading, less_is_better: Collection[str]) -> Collected:
    """Collects the rows of the filter asked for, else of the first row's."""
    wanted = reading.filter or source.layout.filter
    found = _collect(source, wanted, reading, less_is_better, reading.metric)
    if not found.frames and len(found.other_filters) == 1:
        # There is one filter only, so there is nothing to choose.
        (only,) = found.other_filters
        found = _collect(source, only, reading, less_is_better, reading.metric)
    if found.frames:
        return found
    if not found.other_filters:
        raise TableError(
            f"{source.path}: no row is left; expected what lm-eval wrote with --log_samples, "
            "one JSON"
            " object a line"
        )
    filters = ", ".join(" ".join(name.split()) for name in found.other_filters)
    raise TableError(
        f"{source.path}: has no filter {wanted!r}; it has {filters}: choose one with --filter"
    )


def _collect(
    source: Source,
    filter: str,
    reading: Reading,
    less_is_better: Collection[str],
    metric: str | None,
) -> Collected:
    """Makes one pass.

    Without ``metric``, choices are told by the first one that can be the outcome in the first
    block.
    """
    exclusions = Exclusions(reading.allow_partial)
    found = Collected(filter, metric, notes=exclusions.notes)
    layout = source.layout
    for block in source.rows(exclusions):
        rows = [row for row in block if row.filter == filter]
        if len(rows) < len(block):
            found.other_filters.update(row.filter for row in block if row.filter != filter)
        if not rows:
            continue
        values = {name: values_of(column(rows, f"m{k}")) for k, name in enumerate(layout.metrics)}
        if not found.frames:
            _plan(found, rows, layout, values, less_is_better)
        score_N = _scores(values, found.metric, len(rows))
        found.frames.append(_columns(rows, layout, found.rule, score_N))
        for name, part in values.items():
            found.values.setdefault(name, []).append(part)
    return found


def _plan(
    found: Collected,
    rows: Sequence[Row],
    layout: Layout,
    values: Mapping[str, Values],
    less_is_better: Collection[str],
) -> None:
    if found.metric is None:
        usable = (
            name for name in layout.metrics if why_not(name, values[name], less_is_better) is None
        )
        found.metric = next(usable, None)
    if layout.kind == "choice":
        found.rule = learn_rule(
            rows, layout, found.metric, _scores(values, found.metric, len(rows))
        )


def _scores(values: Mapping[str, Values], metric: str | None, n: int) -> NDArray[np.float64]:
    return np.full(n, np.nan) if metric is None or metric not in values else values[metric].number_N


def _columns(
    rows: Sequence[Row], layout: Layout, rule: Rule, score_N: NDArray[np.float64]
) -> pl.DataFrame:
    """Turns the rows of a block into columns, without the score."""
    columns = [
        text_column("example_id", list(map(str, column(rows, "doc_id")))),
        *_hashes(rows),
    ]
    if layout.kind == "choice":
        options = options_of(rows, layout, doubled=rule.doubled)
        choice_N = chosen(options, rule)
        columns += answered(options, choice_N, labels(rows, options, rule, choice_N, score_N), rows)
    elif layout.kind == "continuation":
        columns += said_or_not(rows)
    else:
        columns += generated(rows, inputs=layout.inputs)
    if layout.inputs:
        first = [first_context(row) for row in rows]
        columns.append(kept_input(text_column("input", first)))
    return pl.DataFrame([*columns, *doc_series(rows, layout.columns)])


def _hashes(rows: Sequence[Row]) -> list[pl.Series]:
    """Joins the hashes of document and target. The prompt's is that of the first request."""
    doc, target, prompt = (
        text_column(name, [text and text[:digits] for text in column(rows, name)])
        for name, digits in HASHES.items()
    )
    return [(doc + target).alias("content_hash"), prompt]
