"""Reads the rows of NeMo Evaluator: what is kept of each problem and repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from undertow.errors import TableError
from undertow.records.formats.decoding.json import rows
from undertow.records.formats.decoding.values import fingerprint, name, number, table, text
from undertow.records.formats.logs.texts import (
    TEXT_LIMIT,
    bounded,
)
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


def kept_rows(path: Path, reading: Reading) -> Iterator[Kept]:
    for number_, row in enumerate(rows(path, _Row), start=1):
        if not isinstance(row.problem_idx, int | str):
            raise TableError(
                f"{path}: row {number_} has no problem_idx; expected what nel eval run wrote"
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
    """Reads a number. Anything else stays, so that a message can say why it is no outcome."""
    return number(value) if isinstance(value, int | float) else value


def _others(row: _Row, details: Mapping[str, Any]) -> dict[str, Any]:
    """Returns rewards of further scorers.

    Before ``scorer_rewards`` was written they stood among the details.
    """
    found = {n: table(v).get(REWARD) for n, v in details.items() if n.startswith("scorer:")}
    return {n: _reward(v) for n, v in {**found, **table(row.scorer_rewards)}.items()}


def _metadata(row: _Row, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the problem's metadata, with a category that stands among the details of scoring."""
    found = table(row.metadata)
    category = name(details.get("category"))
    return found if "category" in found or category is None else {**found, "category": category}
