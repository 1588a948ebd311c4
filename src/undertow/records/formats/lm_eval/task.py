"""One task's sample file as the columns of a ``Log``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.lm_eval.choice import (
    Rule,
    answered,
    chosen,
    contexts,
    labels,
    learn_rule,
    options_of,
)
from undertow.records.formats.lm_eval.document import doc_series
from undertow.records.formats.lm_eval.files import SampleFile
from undertow.records.formats.lm_eval.layout import Layout
from undertow.records.formats.lm_eval.rows import Row, Source, collector_paused, column
from undertow.records.formats.lm_eval.text import generated, said_or_not
from undertow.records.formats.logs.clusters import unasked
from undertow.records.formats.logs.log import OPTIONS
from undertow.records.formats.logs.outcome import (
    Outcome,
    Values,
    choose_outcome,
    joined,
    values_of,
    why_not,
)
from undertow.records.formats.logs.slices import sliced
from undertow.records.formats.logs.texts import kept_input, text_column
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.reading import Reading

HASHES = {"doc_hash": 8, "target_hash": 4, "prompt_hash": 12}
"""Hexadecimal digits that are kept. Only rows of one id are ever compared, so 48 bits tell them
apart; and texts of up to twelve letters take a third of the memory in polars."""


@dataclass(frozen=True, eq=False)
class TaskLog:
    """``metric`` is the outcome taken, ``None`` where no metric can be one; ``decoding`` what a
    generation was asked with."""

    task: str
    frame: pl.DataFrame
    metric: str | None
    filter: str
    decoding: Any
    notes: tuple[str, ...]


@dataclass(eq=False)
class _Collected:
    """What one pass over a file finds. ``metric`` is the one that choices are told by."""

    filter: str
    metric: str | None
    rule: Rule = field(default_factory=Rule)
    frames: list[pl.DataFrame] = field(default_factory=list)
    values: dict[str, list[Values]] = field(default_factory=dict)
    other_filters: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def read_task(file: SampleFile, reading: Reading, less_is_better: Collection[str]) -> TaskLog:
    """Raises ``TableError``, one line, for what cannot be read or a metric or filter that is not
    there."""
    with collector_paused():
        source = Source.of(file.path, reading)
        found, outcome = _settle(source, reading, less_is_better)
        return _task_log(file, source.layout, found, outcome, reading)


def _settle(
    source: Source, reading: Reading, less_is_better: Collection[str]
) -> tuple[_Collected, Outcome]:
    """Passes over the file until filter and metric are what all rows allow: one, rarely two."""
    path = source.path
    found = _collect(
        source, reading.filter or source.layout.filter, reading, less_is_better, reading.metric
    )
    if (
        not found.frames and len(found.other_filters) == 1
    ):  # One filter only: there is nothing to choose.
        found = _collect(
            source, next(iter(found.other_filters)), reading, less_is_better, reading.metric
        )
    if not found.frames and not found.other_filters:
        raise TableError(
            f"{path}: no row is left; want what lm-eval wrote with --log_samples, one JSON object a"
            " line"
        )
    if not found.frames:
        filters = ", ".join(" ".join(name.split()) for name in found.other_filters)
        raise TableError(
            f"{path}: has no filter {found.filter!r}; it has {filters}: choose one with --filter"
        )
    table = {name: joined(parts) for name, parts in found.values.items()}
    found.values.clear()
    outcome = choose_outcome(
        str(path), table, reading.metric, less_is_better=less_is_better, answers_suffice=True
    )
    if outcome.name != found.metric and source.layout.kind == "choice":
        found = _collect(source, found.filter, reading, less_is_better, outcome.name)
    return found, outcome


def _collect(
    source: Source,
    filter: str,
    reading: Reading,
    less_is_better: Collection[str],
    metric: str | None,
) -> _Collected:
    """One pass. Without ``metric``, choices are told by the first one that can be the outcome as
    far as one block says."""
    exclusions = Exclusions(reading.allow_partial)
    found = _Collected(filter, metric, notes=exclusions.notes)
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
    found: _Collected,
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
    """A block's rows as columns, without the score."""
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
        first = [next(iter(contexts(row)), None) for row in rows]
        columns.append(kept_input(text_column("input", first)))
    return pl.DataFrame([*columns, *doc_series(rows, layout.columns)])


def _hashes(rows: Sequence[Row]) -> list[pl.Series]:
    """Document and target as one fingerprint, and the prompt's (which in lm-eval is that of the
    first request)."""
    doc, target, prompt = (
        text_column(name, [text and text[:digits] for text in column(rows, name)])
        for name, digits in HASHES.items()
    )
    return [(doc + target).alias("content_hash"), prompt]


def _task_log(
    file: SampleFile,
    layout: Layout,
    found: _Collected,
    outcome: Outcome,
    reading: Reading,
) -> TaskLog:
    """The blocks as one frame, with the score and everything that needs all rows."""
    frame = pl.concat(found.frames)
    found.frames.clear()
    said = [*found.notes, *_of_filters(file, found), *outcome.notes]
    where = f"{file.path}:"
    if outcome.name is not None:
        frame = frame.with_columns(outcome.column)
    if layout.kind == "choice":
        frame = _settled(frame, layout, found.rule, where, said)
    names = [s.name for s in doc_series([], layout.columns)]
    frame = frame.with_columns(
        example_id=file.task + "/" + pl.col("example_id"), task=pl.lit(file.task)
    )
    frame, shared = sliced(frame, names, reading, file.task)
    said += [] if shared is None else [unasked(shared)]
    frame = _without_copies(frame, where, said)
    unknown = [
        name for name in ("content_hash", "prompt_hash", "target") if not frame[name].count()
    ]
    return TaskLog(
        file.task, frame.drop(unknown), outcome.metric, found.filter, layout.decoding, tuple(said)
    )


def _of_filters(file: SampleFile, found: _Collected) -> list[str]:
    if not found.other_filters:
        return []
    others = ", ".join(" ".join(name.split()) for name in found.other_filters)
    return [
        f"{file.path}: the filter {found.filter} is read, not {others}; --filter takes another."
    ]


def _settled(
    frame: pl.DataFrame, layout: Layout, rule: Rule, where: str, said: list[str]
) -> pl.DataFrame:
    """Choice and label where they fit the score; else the answers are only texts."""
    reason = _no_choice(frame, rule)
    if reason is not None:
        said.append(f"{where} {reason}, so the options' texts are compared, not their places.")
        return frame.drop(OPTIONS)
    if layout.several_contexts:
        said.append(
            f"{where} its options stand in the prompt; which was right follows from the score."
        )
    unknown = frame["choice"].null_count()
    if unknown:
        said.append(
            f"{where} {unknown} of {frame.height} rows have log-probabilities that are no numbers:"
            " no choice."
        )
    if "score" in frame.columns:
        agrees = (frame["choice"] == frame["label"]) == (frame["score"] == 1)
        count = int((~agrees).sum())
        if count:
            said.append(
                f"{where} in {count} of {frame.height} rows the score is not whether the choice is"
                " the label (several right options, or a rule of the task's own); the score is"
                " followed."
            )
    return frame


def _no_choice(frame: pl.DataFrame, rule: Rule) -> str | None:
    known = frame["label"].count()
    if known == 0:
        return "the target names none of its options"
    if rule.gold == "score" and known < frame.height:
        return "the log does not say which option was right"
    if "score" in frame.columns and not frame["score"].drop_nulls().is_in([0.0, 1.0]).all():
        return "the score is more than right or wrong"
    return None


def _without_copies(frame: pl.DataFrame, where: str, said: list[str]) -> pl.DataFrame:
    """Rows of one example: copies are dropped where all of them are, else they are repeats
    (``_assemble``)."""
    again = frame.height - frame["example_id"].n_unique()
    if not again:
        return frame
    unique = frame.unique(maintain_order=True)
    if frame.height - unique.height < again:
        said.append(
            f"{where} {again} rows are of examples already there, with other answers: they count as"
            " repeats."
        )
        return frame
    said.append(
        f"{where} {again} rows are copies of others and are dropped; the file was written to twice."
    )
    return unique
