"""One log of inspect to columns: a row per sample and epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.values import fingerprint, listed, number, table, text
from undertow.records.formats.inspect_ai.conditions import run_conditions, seconds, task_conditions
from undertow.records.formats.inspect_ai.file import Header, Sample, samples
from undertow.records.formats.inspect_ai.text import attached, completion, input_text, prompt, shown
from undertow.records.formats.logs.member import Part
from undertow.records.formats.logs.outcome import Outcome, choose_outcome, values_of
from undertow.records.formats.logs.slices import with_metadata
from undertow.records.formats.logs.texts import TEXT_LIMIT, bounded, kept_input, kept_output
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.reading import Reading

LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Values of inspect's own scorers: correct, partial, incorrect, no answer."""
WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}


class Row(NamedTuple):
    """What is kept of a sample."""

    id: str
    epoch: int
    shown: str | None
    prompt_hash: str | None
    content_hash: str
    options: int
    target: list[str]
    completion: str | None
    scores: Mapping[str, Any]
    metadata: Mapping[str, Any]
    seconds: float | None
    failed: str | None


def read_task(path: Path, header: Header, reading: Reading) -> Part:
    """Raises ``TableError`` for an unfinished run (unless partial ones are allowed), and for scores
    that are none."""
    exclusions = Exclusions(reading.allow_partial)
    rows = _rows(path, header)
    _refuse_unfinished(path, header, len(rows), exclusions)
    if not rows:
        raise TableError(
            f"{path}: holds no sample (inspect was run with --no-log-samples?); evaluate with"
            " samples"
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
        f"{path}: the run is not finished (status {header.status[:40]}): the log holds {count}{of}"
        " samples",
        "finish it with inspect eval-retry",
    )


def _rows(path: Path, header: Header) -> list[Row]:
    """Sorted by id and epoch. Of two samples with one id and epoch (a log that was edited) the
    later counts."""
    scored_on_error = table(header.spec.get("config")).get("score_on_error") is True
    found = {}
    for sample, attachments in samples(path):
        row = _row(sample, attachments, scored_on_error)
        found[row.id, row.epoch] = row
    return [found[key] for key in sorted(found)]


def _row(sample: Sample, attachments: Mapping[str, Any], scored_on_error: bool) -> Row:
    target = sample.target if isinstance(sample.target, list) else [sample.target]
    failed = "invalidated" if sample.invalidation is not None else None
    if failed is None and sample.error is not None and not scored_on_error:
        failed = "an error"
    given, asked = input_text(sample.input, attachments), prompt(sample.messages)
    choices = [text(choice) or "" for choice in listed(sample.choices)]
    targets = [attached(t, attachments) for value in target if (t := text(value)) is not None]
    return Row(
        text(sample.id) or "",
        _epoch(sample.epoch),
        ((given or "") if asked is None else shown(asked))[-TEXT_LIMIT:],
        None if asked is None else fingerprint(asked),
        fingerprint(given, choices, targets),
        len(choices),
        [bounded(t) or "" for t in targets],
        bounded(completion(sample.output, attachments)),
        table(sample.scores) if failed is None else {},
        table(sample.metadata),
        number(sample.total_time),
        failed,
    )


def _epoch(value: Any) -> int:
    """From 1, which it also is where the log has none."""
    epoch = number(value)
    return int(epoch) if epoch is not None and 0 <= epoch < 2**31 else 1


def _failures(path: Path, rows: Sequence[Row]) -> list[str]:
    kinds = {"an error": "ended in an error", "invalidated": "were invalidated"}
    counts = {said: sum(row.failed == kind for row in rows) for kind, said in kinds.items()}
    return [
        f"{path}: {n} of {len(rows)} samples {said} and have no score."
        for said, n in counts.items()
        if n
    ]


def _values(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Every scorer's values, one a row; of a value that is an object each of its keys."""
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
    """inspect's ``value_to_float``, except that what is no number stays as it is and can be
    told."""
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
        pl.Series("example_id", [f"{task}/{row.id}" for row in rows], dtype=pl.String),
        pl.Series("task", [task] * len(rows), dtype=pl.String),
        pl.Series("answer", answers, dtype=pl.String),
        kept_output(pl.Series("target", target, dtype=pl.String)),
        pl.Series("content_hash", [row.content_hash for row in rows], dtype=pl.String),
        pl.Series("prompt_hash", [row.prompt_hash for row in rows], dtype=pl.String),
        pl.Series("seconds", [row.seconds for row in rows], dtype=pl.Float64),
    ]
    if outcome.metric is not None:
        columns.append(outcome.column)
    columns += _options(rows, answers)
    if reading.inputs:
        columns.append(kept_input(pl.Series("input", [row.shown for row in rows], dtype=pl.String)))
        columns.append(
            kept_output(pl.Series("output", [row.completion for row in rows], dtype=pl.String))
        )
    return with_metadata(pl.DataFrame(columns), [row.metadata for row in rows], reading, task)


def _answer(row: Row, metric: str | None) -> str | None:
    """What the scorer extracted, else all that was written."""
    score = row.scores.get(metric or "", row.scores.get((metric or "").rsplit(".", 1)[0]))
    said = table(score).get("answer")
    return row.completion if said is None else bounded(text(said))


def _options(rows: Sequence[Row], answers: Sequence[str | None]) -> list[pl.Series]:
    """Choice and label, where every sample has options, one right, and the answers of the scorer
    are their letters."""
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
    """Whether the scorer named an answer: with none it leaves it out or empty."""
    return bool(answer) and answer != row.completion


def _option(letter: str | None, row: Row) -> int | None:
    """The option that a letter stands for, counted from 0."""
    if letter is None or len(letter) != 1:
        return None
    k = ord(letter) - ord("A")
    return k if 0 <= k < min(row.options, 26) else None
