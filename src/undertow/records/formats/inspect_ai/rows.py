"""Reads the samples of a log of inspect: what is kept of each sample and epoch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from undertow.records.formats.decoding.values import fingerprint, listed, number, table, text
from undertow.records.formats.inspect_ai.files import Header, Sample, samples
from undertow.records.formats.inspect_ai.text import attached, completion, input_text, prompt, shown
from undertow.records.formats.logs.texts import TEXT_LIMIT, bounded


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


def rows_of(path: Path, header: Header) -> list[Row]:
    """Returns rows sorted by id and epoch.

    Of two samples with one id and epoch (the log was edited) the later counts.
    """
    scored_on_error = table(header.spec.get("config")).get("score_on_error") is True
    found = {}
    for sample, attachments in samples(path):
        row = _row(sample, attachments, scored_on_error)
        found[row.id, row.epoch] = row
    return [found[key] for key in sorted(found)]


def _row(sample: Sample, attachments: Mapping[str, Any], scored_on_error: bool) -> Row:
    target = sample.target if isinstance(sample.target, list) else [sample.target]
    failed = _failed(sample, scored_on_error)
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


def _failed(sample: Sample, scored_on_error: bool) -> str | None:
    if sample.invalidation is not None:
        return "invalidated"
    return "an error" if sample.error is not None and not scored_on_error else None


def _epoch(value: Any) -> int:
    """Counts from 1, which it also is where the log has none."""
    epoch = number(value)
    return int(epoch) if epoch is not None and 0 <= epoch < 2**31 else 1
