"""Turns the details of one task into columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import polars as pl

from undertow.records.formats.decoding.values import fingerprint
from undertow.records.formats.lighteval.choice import (
    Choices,
    choices_of,
    largest,
    log_probabilities,
)
from undertow.records.formats.lighteval.conditions import (
    Results,
    run_conditions,
    seconds,
    task_conditions,
)
from undertow.records.formats.lighteval.files import DetailsFile
from undertow.records.formats.lighteval.rows import Columns
from undertow.records.formats.logs.member import Part
from undertow.records.formats.logs.outcome import Outcome, choose_outcome, values_of
from undertow.records.formats.logs.slices import with_metadata
from undertow.records.formats.logs.texts import kept_input, kept_output, text_column
from undertow.records.reading import Reading

LESS_IS_BETTER = ("ppl", "edit_distance")
"""Metrics, besides those that every harness has."""


def to_part(file: DetailsFile, columns: Columns, results: Results, reading: Reading) -> Part:
    """Reads one task. Raises ``TableError`` where no metric can be the outcome."""
    outcome = choose_outcome(
        str(file.path),
        {n: values_of(column) for n, column in columns.metrics.items()},
        reading.metric,
        less_is_better=LESS_IS_BETTER,
    )
    kept = _scored_once(columns, outcome)
    if len(kept) < len(columns):
        columns, outcome = _taken(columns, outcome, kept)
    frame, said = _frame(file, columns, outcome, reading)
    return Part(
        file.task,
        frame,
        outcome.metric,
        task_conditions(results, file),
        run_conditions(results),
        (*outcome.notes, *said),
        seconds(results),
    )


def _scored_once(columns: Columns, outcome: Outcome) -> list[int]:
    """Returns the rows that have the outcome.

    A task with metrics on texts and on log-probabilities has two rows a document.
    """
    if outcome.name is None:
        return list(range(len(columns)))
    given = columns.metrics[outcome.name]
    scored = {doc for doc, value in zip(columns.doc_id, given, strict=True) if value is not None}
    return [k for k, doc in enumerate(columns.doc_id) if given[k] is not None or doc not in scored]


def _taken(columns: Columns, outcome: Outcome, kept: list[int]) -> tuple[Columns, Outcome]:
    lists = {n: [v[k] for k in kept] for n, v in vars(columns).items() if isinstance(v, list)}
    metrics = {n: [v[k] for k in kept] for n, v in columns.metrics.items()}
    scored = outcome._replace(score_N=outcome.score_N[kept])
    return replace(columns, metrics=metrics, **lists), scored


def _frame(
    file: DetailsFile, columns: Columns, outcome: Outcome, reading: Reading
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    choices, said = choices_of(file, columns, outcome)
    made = [
        text_column("example_id", [f"{file.task}/{doc}" for doc in columns.doc_id]),
        text_column("task", [file.task] * len(columns)),
        *_words(columns, choices),
        *([] if outcome.name is None else [outcome.column]),
        *([] if choices is None else _options(columns, choices)),
    ]
    if reading.inputs:
        prompts = [p or q for p, q in zip(columns.prompt, columns.query, strict=True)]
        made.append(kept_input(text_column("input", prompts)))
    if reading.inputs and choices is None:
        written = [texts[0] if texts else None for texts in columns.texts]
        made.append(kept_output(text_column("output", written)))
    frame, shared = with_metadata(pl.DataFrame(made), columns.specific, reading, file.task)
    return frame, (*said, *shared)


def _words(columns: Columns, choices: Choices | None) -> list[pl.Series]:
    rows = range(len(columns))
    targets = [" | ".join(o.strip() for o in texts) or None for texts in columns.targets]
    hashes = [fingerprint(columns.query[k], columns.choices[k], columns.targets[k]) for k in rows]
    prompts = [None if p is None else fingerprint(p) for p in columns.prompt]
    return [
        text_column("answer", [_answer(columns, choices, k) for k in rows]),
        kept_output(text_column("target", targets)),
        text_column("content_hash", hashes),
        text_column("prompt_hash", prompts),
    ]


def _options(columns: Columns, choices: Choices) -> list[pl.Series]:
    logs = [log_probabilities(columns, k) for k in range(len(columns))]
    return [
        pl.Series("choice", choices, dtype=pl.Int32),
        pl.Series("label", [gold[0] for gold in columns.golds], dtype=pl.Int32),
        pl.Series("options", logs, dtype=pl.List(pl.Float64)),
    ]


def _answer(columns: Columns, choices: Choices | None, k: int) -> str | None:
    """Returns the chosen option, else what was extracted, else the most frequent text."""
    if choices is not None:
        chosen = choices[k]
        return None if chosen is None else columns.choices[k][chosen].strip()
    if columns.extracted[k] is not None:
        return columns.extracted[k]
    if columns.texts[k]:
        return Counter(columns.texts[k]).most_common(1)[0][0]
    best = largest(log_probabilities(columns, k) if columns.choices[k] else None)
    return columns.choices[k][best].strip() if best is not None else None
