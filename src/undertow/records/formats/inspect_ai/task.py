"""Turns one log of inspect into columns, a row per sample and epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.values import number, table, text
from undertow.records.formats.inspect_ai.conditions import run_conditions, seconds, task_conditions
from undertow.records.formats.inspect_ai.files import Header
from undertow.records.formats.inspect_ai.rows import Row, rows_of
from undertow.records.formats.logs.member import Part
from undertow.records.formats.logs.outcome import Outcome, choose_outcome, values_of
from undertow.records.formats.logs.slices import with_metadata
from undertow.records.formats.logs.texts import (
    bounded,
    kept_input,
    kept_output,
    text_column,
)
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.reading import Reading

LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Values of inspect's own scorers: correct, partial, incorrect, no answer."""
WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}


def to_part(path: Path, header: Header, reading: Reading) -> Part:
    """Reads one log.

    Raises ``TableError`` for an unfinished run, unless partial ones are allowed, and where no score
    can be the outcome.
    """
    exclusions = Exclusions(reading.allow_partial)
    rows = rows_of(path, header)
    _refuse_unfinished(path, header, len(rows), exclusions)
    if not rows:
        raise TableError(
            f"{path}: holds no sample (inspect was run with --no-log-samples?); evaluate with "
            "samples"
        )
    values = {name: values_of(column) for name, column in _values(rows).items()}
    outcome = choose_outcome(str(path), values, reading.metric)
    frame, said = _frame(rows, header.task, outcome, reading)
    notes = (*exclusions.notes, *_failures(path, rows), *outcome.notes, *said)
    return Part(
        header.task,
        frame,
        outcome.metric,
        task_conditions(header),
        run_conditions(header),
        notes,
        seconds(header),
    )


def _refuse_unfinished(path: Path, header: Header, count: int, exclusions: Exclusions) -> None:
    if header.status == "success":
        return
    asked = number(table(header.spec.get("dataset")).get("samples"))
    epochs = number(table(header.spec.get("config")).get("epochs")) or 1
    of = "" if asked is None else f" of {asked * epochs:.0f}"
    exclusions.leave_out(
        f"{path}: the run is not finished (status {header.status[:40]}): the log holds {count}{of} "
        "samples",
        "finish it with inspect eval-retry",
    )


def _failures(path: Path, rows: Sequence[Row]) -> list[str]:
    kinds = {"an error": "ended in an error", "invalidated": "were invalidated"}
    counts = {said: sum(row.failed == kind for row in rows) for kind, said in kinds.items()}
    return [
        f"{path}: {n} of {len(rows)} samples {said} and have no score."
        for said, n in counts.items()
        if n
    ]


def _values(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Returns the values of every scorer; of a value that is an object, each of its keys."""
    found: dict[str, list[Any]] = {}
    for k, row in enumerate(rows):
        for scorer, score in row.scores.items():
            value = table(score).get("value")
            parts = (
                {f"{scorer}.{key}": v for key, v in value.items()}
                if isinstance(value, dict)
                else {scorer: value}
            )
            for name, part in parts.items():
                found.setdefault(name, [None] * len(rows))[k] = as_number(part)
    return found


def as_number(value: Any) -> Any:
    """Does what inspect's ``value_to_float`` does, but keeps what is not a number for a message."""
    if isinstance(value, str):
        if value in LETTERS:
            return LETTERS[value]
        if value.lower() in WORDS:
            return WORDS[value.lower()]
        try:
            return float(value)
        except ValueError:
            return value
    return value if value is None or isinstance(value, list) else number(value)


def _frame(
    rows: Sequence[Row], task: str, outcome: Outcome, reading: Reading
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    answers = [_answer(row, outcome.name) for row in rows]
    target = [", ".join(row.target) if row.target else None for row in rows]
    columns = [
        text_column("example_id", [f"{task}/{row.id}" for row in rows]),
        text_column("task", [task] * len(rows)),
        text_column("answer", answers),
        kept_output(text_column("target", target)),
        text_column("content_hash", [row.content_hash for row in rows]),
        text_column("prompt_hash", [row.prompt_hash for row in rows]),
        pl.Series("seconds", [row.seconds for row in rows], dtype=pl.Float64),
    ]
    if outcome.metric is not None:
        columns.append(outcome.column)
    columns += _options(rows, answers)
    if reading.inputs:
        columns.append(kept_input(text_column("input", [row.shown for row in rows])))
        columns.append(kept_output(text_column("output", [row.completion for row in rows])))
    return with_metadata(pl.DataFrame(columns), [row.metadata for row in rows], reading, task)


def _answer(row: Row, metric: str | None) -> str | None:
    """Returns what the scorer extracted, else all that was written."""
    score = row.scores.get(metric or "", row.scores.get((metric or "").rsplit(".", 1)[0]))
    said = table(score).get("answer")
    return row.completion if said is None else bounded(text(said))


def _options(rows: Sequence[Row], answers: Sequence[str | None]) -> list[pl.Series]:
    """Returns choice and label where answers are letters of options and one option is right."""
    labels = [_option(row.target[0], row) if len(row.target) == 1 else None for row in rows]
    if any(label is None for label in labels):
        return []
    scored = [k for k, row in enumerate(rows) if row.scores]
    choices = [_option(answer, row) for row, answer in zip(rows, answers, strict=True)]
    if not scored or any(choices[k] is None and _extracted(rows[k], answers[k]) for k in scored):
        return []
    choices = [choice if row.scores else None for row, choice in zip(rows, choices, strict=True)]
    return [
        pl.Series("choice", choices, dtype=pl.Int32),
        pl.Series("label", labels, dtype=pl.Int32),
    ]


def _extracted(row: Row, answer: str | None) -> bool:
    """Tells whether the scorer named an answer. Without one it leaves it out or empty."""
    return bool(answer) and answer != row.completion


def _option(letter: str | None, row: Row) -> int | None:
    """Returns the option that a letter stands for, counted from 0."""
    if letter is None or len(letter) != 1:
        return None
    k = ord(letter) - ord("A")
    return k if 0 <= k < min(row.options, 26) else None
