"""Reads both layouts of lighteval's details as the same lists, one entry a document."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.values import fingerprint, listed, number, table, text

UNSCORED = frozenset(
    {
        "num_effective_few_shots",
        "num_asked_few_shots",
        "truncated",
        "padded",
        "gold_index",
        "index",
        "id",
    }
)
"""Numbers of the flat layout that are about the document."""


@dataclass(frozen=True, eq=False)
class Columns:
    """``doc_id`` tells a document from the others of its task. Every list has one entry a row."""

    doc_id: list[str]
    query: list[str | None]
    prompt: list[str | None]
    choices: list[list[str]]
    golds: list[list[int]]
    targets: list[list[str]]
    texts: list[list[str]]
    extracted: list[str | None]
    logprobs: list[list[float | None]]
    tokens: list[list[int]]
    unconditioned: list[list[float | None]]
    metrics: Mapping[str, list[Any]]
    specific: list[Mapping[str, Any]]

    def __len__(self) -> int:
        return len(self.doc_id)


def columns_of(path: Path, frame: pl.DataFrame) -> Columns:
    """Reads details. Raises ``TableError`` where the columns are not those of details."""
    for mark in ("", "__"):
        doc, metric, response = (f"{mark}{n}{mark}" for n in ("doc", "metric", "model_response"))
        if {doc, metric, response} <= set(frame.columns):
            return _nested(*(_dicts(path, frame[n]) for n in (doc, metric, response)))
    if {"example", "predictions"} <= set(frame.columns):
        return _flat(frame.to_dicts())
    raise TableError(
        f"{path}: lacks doc, metric and model_response; it has {', '.join(frame.columns[:12])}"
    )


def _dicts(path: Path, column: pl.Series) -> list[Mapping[str, Any]]:
    """Returns a struct column, or one of JSON text, as dictionaries."""
    if column.dtype not in (pl.Struct, pl.String):
        raise TableError(
            f"{path}: column {column.name!r} is {column.dtype}; expected a struct, as "
            "lighteval writes "
            "it"
        )
    return [table(_parsed(value)) for value in column.to_list()]


def _nested(
    docs: list[Mapping[str, Any]],
    metrics: list[Mapping[str, Any]],
    responses: list[Mapping[str, Any]],
) -> Columns:
    choices = [_texts(d.get("choices")) for d in docs]
    golds = [_indices(d.get("gold_index")) for d in docs]
    query = [text(d.get("query")) for d in docs]
    texts = [_texts(r.get("text_post_processed")) or _texts(r.get("text")) for r in responses]
    return Columns(
        doc_id=[
            text(d.get("id")) or f"#{fingerprint(d.get('query'), d.get('choices'))}" for d in docs
        ],
        query=query,
        prompt=[text(r.get("input")) for r in responses],
        choices=choices,
        golds=golds,
        targets=[
            [c[g] for g in gold if 0 <= g < len(c)] for c, gold in zip(choices, golds, strict=True)
        ],
        texts=texts,
        extracted=[
            next(iter(_texts(table(d.get("specific")).get("extracted_predictions"))), None)
            for d in docs
        ],
        logprobs=[_numbers(r.get("logprobs")) for r in responses],
        tokens=[[len(listed(t)) for t in listed(r.get("output_tokens"))] for r in responses],
        unconditioned=[_numbers(r.get("unconditioned_logprobs")) for r in responses],
        metrics=_by_name(metrics),
        specific=[table(d.get("specific")) for d in docs],
    )


def _flat(rows: list[dict[str, Any]]) -> Columns:
    """Reads the older layout, whose documents have no id: they are known by their text."""
    rows = [{key: _parsed(value) for key, value in row.items()} for row in rows]
    choices = [_texts(row.get("choices")) for row in rows]
    golds = [_indices(row.get("gold_index")) for row in rows]
    targets = [
        _texts(row.get("gold")) or [c[g] for g in gold if 0 <= g < len(c)]
        for row, c, gold in zip(rows, choices, golds, strict=True)
    ]
    predictions = [listed(row.get("predictions")) for row in rows]
    nested = [table(row.get("metrics")) for row in rows]
    loose = [
        {k: v for k, v in row.items() if isinstance(v, int | float) and k not in UNSCORED}
        for row in rows
    ]
    return Columns(
        doc_id=_counted(
            [
                fingerprint(r.get("example"), c, t)
                for r, c, t in zip(rows, choices, targets, strict=True)
            ]
        ),
        query=[text(row.get("example")) for row in rows],
        prompt=[text(row.get("full_prompt")) for row in rows],
        choices=choices,
        golds=golds,
        targets=targets,
        texts=[[p for p in listed_ if isinstance(p, str)] for listed_ in predictions],
        extracted=[None] * len(rows),
        logprobs=[
            [_logprob(p) for p in listed_ if not isinstance(p, str)] for listed_ in predictions
        ],
        tokens=[[len(listed(t)) for t in listed(row.get("cont_tokens"))] for row in rows],
        unconditioned=[[] for _ in rows],
        metrics=_by_name([{**a, **b} for a, b in zip(nested, loose, strict=True)]),
        specific=[table(row.get("specifics")) for row in rows],
    )


def _by_name(rows: list[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {
        key: [row.get(key) for row in rows]
        for key in dict.fromkeys(key for row in rows for key in row)
    }


def _counted(ids: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    found = []
    for each in ids:
        seen[each] = seen.get(each, 0) + 1
        found.append(f"#{each}" if seen[each] == 1 else f"#{each}-{seen[each]}")
    return found


def _parsed(value: Any) -> Any:
    """Reads lists and objects that some versions wrote as Python's text."""
    if not (isinstance(value, str) and value[:1] in ("[", "{") and value[-1:] in ("]", "}")):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return value


def _texts(value: Any) -> list[str]:
    """Returns a list of texts; of nested lists all of theirs."""
    if isinstance(value, str):
        return [value]
    found: list[str] = []
    for part in listed(value):
        found += _texts(part) if isinstance(part, list) else [text(part) or ""]
    return found


def _indices(value: Any) -> list[int]:
    parts = value if isinstance(value, list) else [value]
    return [int(p) for p in parts if isinstance(p, int | float) and p == p and abs(p) < 2**31]


def _numbers(value: Any) -> list[float | None]:
    return [number(part) for part in listed(value)]


def _logprob(prediction: Any) -> float | None:
    """Returns a log-probability, which may be in a pair with whether it is the likeliest."""
    return (
        number(prediction[0]) if isinstance(prediction, list) and prediction else number(prediction)
    )
