"""Learns from its first rows what the rows of a sample file look like.

The rest is decoded as just that, which is what makes reading fast.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from undertow.errors import TableError
from undertow.records.formats.lm_eval.fields import INSIDE, DocColumn, can_be_name, doc_columns
from undertow.records.reading import Reading

Kind = Literal["choice", "continuation", "generation"]
"""Several requests with log-probabilities, one of them (would the model say it?), or text."""

GIVEN = frozenset(
    {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics",
     "doc_hash", "prompt_hash", "target_hash"}
)  # fmt: skip
ROLLING = frozenset({"word_perplexity", "byte_perplexity", "bits_per_byte"})
GOLD_FIELDS = ("gold", "label", "answer", "answer_idx", "gold_idx", "correct", "target")
"""Fields that may hold the index of the right option, where ``target`` does not tell."""


NO_FILTER = "none"


class NoOutcomeError(TableError):
    """A task that says nothing about single examples. The message is a sentence without its end."""


@dataclass(frozen=True, eq=False)
class Layout:
    """``row`` is the type to decode to.

    It has ``doc_id, target, filter``, the three hashes and ``filtered_resps``, one attribute per
    metric (``m0`` …), and ``arguments``, ``resps`` and ``doc`` as they are needed.
    """

    kind: Kind
    filter: str
    """That of the first row."""
    metrics: tuple[str, ...]
    columns: tuple[DocColumn, ...]
    several_contexts: bool
    inputs: bool
    row: type[Any]
    decoding: Any
    """What the first row of a generation was sent with."""


def learn(path: Path, first: Sequence[dict[str, Any]], reading: Reading) -> Layout:
    """Learns the layout from the first rows.

    Raises ``NoOutcomeError`` for a task of nothing but perplexities.
    """
    row = first[0]
    metrics = metric_names(first)
    if metrics and set(metrics) <= ROLLING:
        raise NoOutcomeError(
            f"{path}: is scored by {', '.join(metrics)}: no outcome between 0 and 1 of each example"
        )
    kind = _kind(row.get("filtered_resps"))
    several = kind == "choice" and _several_contexts([_requests(r.get("arguments")) for r in first])
    columns = doc_columns(first, reading)
    row_type = _row_type(
        kind,
        metrics,
        columns,
        nested=isinstance(row.get("arguments"), dict),
        contexts=several or reading.inputs,
        inputs=reading.inputs,
    )
    filter = row.get("filter")
    return Layout(
        kind=kind,
        filter=filter if isinstance(filter, str) else NO_FILTER,
        metrics=metrics,
        columns=columns,
        several_contexts=several,
        inputs=reading.inputs,
        row=row_type,
        decoding=_decoding(row) if kind == "generation" else None,
    )


def _decoding(row: dict[str, Any]) -> Any:
    """Returns what the first request of a generation was sent with."""
    requests = _requests(row.get("arguments"))
    return requests[0][1] if requests and len(requests[0]) > 1 else None


def metric_names(first: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Returns ``metrics`` of the rows; in older logs every key that is not lm-eval's own."""
    names: dict[str, None] = {}
    for row in first:
        listed = row.get("metrics")
        found = listed if isinstance(listed, list) else [key for key in row if key not in GIVEN]
        names.update(
            dict.fromkeys(name for name in found if can_be_name(name) and name not in GIVEN)
        )
    return tuple(names)


def _kind(filtered: Any) -> Kind:
    requests = filtered if isinstance(filtered, list) else []
    if not requests or not all(_is_pair(request) for request in requests):
        return "generation"
    return "choice" if len(requests) > 1 else "continuation"


def _is_pair(request: Any) -> bool:
    """Tells whether this is a log-probability and whether the continuation is the likeliest."""
    return (
        isinstance(request, list)
        and len(request) == 2
        and isinstance(request[0], str | float | int)
        and str(request[1]) in ("True", "False")
        and re.fullmatch(r"-?[\d.]+(e-?\d+)?|-?inf|nan", str(request[0]), re.IGNORECASE) is not None
    )


def _requests(arguments: Any) -> list[list[Any]]:
    """Returns the arguments of each request, which before August 2024 were nested lists."""
    if isinstance(arguments, dict):
        return [
            list(request.values()) for request in arguments.values() if isinstance(request, dict)
        ]
    return [r for r in arguments if isinstance(r, list)] if isinstance(arguments, list) else []


def _several_contexts(rows: list[list[list[Any]]]) -> bool:
    """Tells whether options stand in the context, before one continuation (as in winogrande)."""
    some = [
        requests for requests in rows if len(requests) > 1 and all(len(r) > 1 for r in requests)
    ]
    return bool(some) and all(
        len({str(r[1]) for r in requests}) == 1 and len({str(r[0]) for r in requests}) > 1
        for requests in some
    )


def _row_type(
    kind: Kind,
    metrics: tuple[str, ...],
    columns: tuple[DocColumn, ...],
    *,
    nested: bool,
    contexts: bool,
    inputs: bool,
) -> type[Any]:
    """Makes a struct of what is needed. msgspec makes no objects of anything else."""
    text = str | None
    fields: list[Any] = [("doc_id", Any), ("target", Any, None), ("filter", str, NO_FILTER)]
    fields += [(name, text, None) for name in ("doc_hash", "prompt_hash", "target_hash")]
    if kind == "generation":
        fields += [("filtered_resps", list[Any])]
        fields += [("resps", Any, None)] if inputs else []
    else:
        fields += [("filtered_resps", list[tuple[float, Any]])]
    if kind != "generation" or inputs:
        wanted: list[Any] = [("arg_0", Any, None)] if contexts else []
        wanted += [("arg_1", str, "")] if kind != "generation" else []
        request = msgspec.defstruct("Request", wanted, gc=False)
        by_name: Any = dict[str, request]  # type: ignore[valid-type]
        fields += [("arguments", by_name if nested else list[list[Any]])]
    if columns:
        fields += [("doc", _doc_type(columns))]
    fields += [(f"m{k}", Any, None) for k in range(len(metrics))]
    rename = {f"m{k}": name for k, name in enumerate(metrics)}
    return msgspec.defstruct("Row", fields, rename=rename, gc=False, kw_only=True)


def _doc_type(columns: tuple[DocColumn, ...]) -> type[Any]:
    """Makes a struct of the document's kept fields, and of all ``metadata`` if some is kept."""
    top = [column for column in columns if not column.in_metadata]
    fields: list[Any] = [(column.at, Any, None) for column in top]
    rename = {column.at: column.name for column in top}
    if len(top) < len(columns):
        fields.append((INSIDE, Any, None))
        rename[INSIDE] = "metadata"
    return msgspec.defstruct("Doc", fields, rename=rename, gc=False, kw_only=True)
