"""The rows of NeMo Evaluator to columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.json import rows
from undertow.records.formats.decoding.values import fingerprint, name, number, table, text
from undertow.records.formats.logs.member import Part
from undertow.records.formats.logs.outcome import Outcome, choose_outcome, values_of
from undertow.records.formats.logs.slices import with_metadata
from undertow.records.formats.logs.texts import TEXT_LIMIT, bounded, kept_input, kept_output
from undertow.records.formats.nemo.files import Bundle
from undertow.records.reading import Reading

REWARD = "reward"
NOT_THE_MODEL = frozenset({"infra_error", "system"})


class _Row(msgspec.Struct):
    problem_idx: Any = None
    repeat: Any = None
    reward: Any = None
    scorer_rewards: Any = None
    prompt: Any = None
    model_response: Any = None
    extracted_answer: Any = None
    expected_answer: Any = None
    metadata: Any = None
    scoring_details: Any = None
    latency_ms: Any = None


class Kept(NamedTuple):
    """What is kept of a row."""

    id: str
    values: Mapping[str, Any]
    answer: str | None
    target: str | None
    prompt: str | None
    prompt_hash: str | None
    content_hash: str | None
    output: str | None
    seconds: float | None
    metadata: Mapping[str, Any]
    failed: bool


def to_part(path: Path, bundle: Bundle, reading: Reading) -> Part:
    """Raises ``TableError`` for rows without a problem, and where no reward can be the outcome."""
    kept = list(_kept(path, reading))
    if not kept:
        raise TableError(f"{path}: holds no row; want what nel eval run wrote")
    names = dict.fromkeys([REWARD, *(n for row in kept for n in row.values)])
    values = {n: values_of([row.values.get(n) for row in kept]) for n in names}
    outcome = choose_outcome(str(path), values, reading.metric, preferred=(REWARD,))
    frame, said = _frame(kept, bundle.task, outcome, reading)
    notes = [*([] if bundle.missing is None else [bundle.missing]), *outcome.notes, *said]
    failed = sum(row.failed for row in kept)
    if failed:
        notes.append(
            f"{path}: {failed} of {len(kept)} rows failed for reasons outside the model and have no"
            " score; NeMo Evaluator counts them as 0."
        )
    return Part(bundle.task, frame, outcome.metric, bundle.conditions, bundle.shared, tuple(notes))


def _kept(path: Path, reading: Reading) -> Iterator[Kept]:
    for number_, row in enumerate(rows(path, _Row), start=1):
        if not isinstance(row.problem_idx, int | str):
            raise TableError(
                f"{path}: row {number_} has no problem_idx; want what nel eval run wrote"
            )
        yield _one(row, reading)


def _one(row: _Row, reading: Reading) -> Kept:
    details = table(row.scoring_details)
    failed = name(details.get("error_category")) in NOT_THE_MODEL
    output, extracted = text(row.model_response), text(row.extracted_answer)
    prompt = text(row.prompt)
    took = number(row.latency_ms)
    return Kept(
        text(row.problem_idx) or "",
        {} if failed else {**_others(row, details), REWARD: _reward(row.reward)},
        bounded(output if extracted is None else extracted),
        bounded(text(row.expected_answer)),
        None if prompt is None or not reading.inputs else prompt[-TEXT_LIMIT:],
        None if prompt is None else fingerprint(prompt),
        None if prompt is None else fingerprint(prompt, row.expected_answer),
        bounded(output) if reading.inputs else None,
        None if took is None else took / 1000,
        _metadata(row, details),
        failed,
    )


def _reward(value: Any) -> Any:
    """A number; anything else as it is, so that it can be told why it is no outcome."""
    return number(value) if isinstance(value, int | float) else value


def _others(row: _Row, details: Mapping[str, Any]) -> dict[str, Any]:
    """Rewards of further scorers; before ``scorer_rewards`` was written they stand among the
    details."""
    found = {n: table(v).get(REWARD) for n, v in details.items() if n.startswith("scorer:")}
    return {n: _reward(v) for n, v in {**found, **table(row.scorer_rewards)}.items()}


def _metadata(row: _Row, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """The problem's; some benchmarks write its category among the details of the scoring."""
    found = table(row.metadata)
    category = name(details.get("category"))
    return found if "category" in found or category is None else {**found, "category": category}


def _frame(
    kept: Sequence[Kept], task: str, outcome: Outcome, reading: Reading
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    words = {
        n: [getattr(row, n) for row in kept] for n in ("answer", "prompt_hash", "content_hash")
    }
    columns = [
        pl.Series("example_id", [f"{task}/{row.id}" for row in kept], dtype=pl.String),
        pl.Series("task", [task] * len(kept), dtype=pl.String),
        outcome.column,
        pl.Series("seconds", [row.seconds for row in kept], dtype=pl.Float64),
        kept_output(pl.Series("target", [row.target for row in kept], dtype=pl.String)),
        *(pl.Series(n, column, dtype=pl.String) for n, column in words.items()),
    ]
    if reading.inputs:
        columns.append(
            kept_input(pl.Series("input", [row.prompt for row in kept], dtype=pl.String))
        )
        columns.append(
            kept_output(pl.Series("output", [row.output for row in kept], dtype=pl.String))
        )
    return with_metadata(pl.DataFrame(columns), [row.metadata for row in kept], reading, task)
