"""What the rows of one sample file look like, learnt from its first rows, so that the rest is
decoded as just that."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from undertow.errors import TableError
from undertow.records.formats.logs.clusters import CLUSTERS
from undertow.records.formats.logs.slices import LONGEST_VALUE, MOST_COLUMNS, MOST_VALUES
from undertow.records.reading import Reading

Kind = Literal["choice", "continuation", "generation"]
"""Several requests with log-probabilities; one of them (its metric is whether the model would say
it); text."""

GIVEN = frozenset(
    {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics",
     "doc_hash", "prompt_hash", "target_hash"}
)  # fmt: skip
ROLLING = frozenset({"word_perplexity", "byte_perplexity", "bits_per_byte"})
UNNAMEABLE = re.compile(r'[\\"\x00-\x1f]')
GOLD_FIELDS = ("gold", "label", "answer", "answer_idx", "gold_idx", "correct", "target")
"""Fields of a document that may hold the index of the right option, where ``target`` does not
tell."""


NO_FILTER = "none"
INSIDE = "inside"


class NoOutcomeError(TableError):
    """A task that says nothing about single examples. The message is a sentence without its end."""


class DocColumn(NamedTuple):
    """A field of the document that is kept: ``at`` is its attribute in the decoded document, or it
    is in ``metadata``, which is the attribute ``inside``. ``hashed``: a text of any length that
    tells which examples share it."""

    name: str
    at: str
    kind: Literal["flag", "number", "text"]
    hashed: bool = False
    in_metadata: bool = False


@dataclass(frozen=True, eq=False)
class Layout:
    """``row`` is the type to decode to. It has ``doc_id, target, filter``, the three hashes,
    ``filtered_resps``, and as they are needed ``arguments``, ``resps``, ``doc`` and one attribute
    per metric (``m0`` …)."""

    kind: Kind
    filter: str
    """That of the first row."""
    metrics: tuple[str, ...]
    columns: tuple[DocColumn, ...]
    several_contexts: bool
    inputs: bool
    row: type[Any]
    decoding: Any
    """What the first row asked a generation with, ``None`` where it was not a generation."""


def learn(path: Path, first: Sequence[dict[str, Any]], reading: Reading) -> Layout:
    """Raises ``NoOutcomeError`` for a task of nothing but perplexities."""
    row = first[0]
    metrics = metric_names(first)
    requests = _requests(row.get("arguments"))
    if metrics and set(metrics) <= ROLLING:
        raise NoOutcomeError(
            f"{path}: is scored by {', '.join(metrics)}: no outcome between 0 and 1 of each example"
        )
    kind = _kind(row.get("filtered_resps"))
    several = kind == "choice" and _several_contexts([_requests(r.get("arguments")) for r in first])
    columns = _doc_columns(first, reading)
    decoding = (
        requests[0][1] if kind == "generation" and requests and len(requests[0]) > 1 else None
    )
    nested = isinstance(row.get("arguments"), dict)
    type_ = _row_type(
        kind,
        metrics,
        columns,
        nested=nested,
        contexts=several or reading.inputs,
        inputs=reading.inputs,
    )
    filter = row.get("filter")
    filter = filter if isinstance(filter, str) else NO_FILTER
    return Layout(
        kind,
        filter if isinstance(filter, str) else NO_FILTER,
        metrics,
        columns,
        several,
        reading.inputs,
        type_,
        decoding,
    )


def metric_names(first: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """``metrics`` of the rows; in logs from before there was that field, every key that is not
    lm-eval's own."""
    names: dict[str, None] = {}
    for row in first:
        listed = row.get("metrics")
        found = listed if isinstance(listed, list) else [key for key in row if key not in GIVEN]
        names.update(
            dict.fromkeys(name for name in found if _can_be_name(name) and name not in GIVEN)
        )
    return tuple(names)


def _can_be_name(name: Any) -> bool:
    """Whether msgspec can look for a field of this name."""
    return isinstance(name, str) and bool(name.strip()) and UNNAMEABLE.search(name) is None


def _kind(filtered: Any) -> Kind:
    requests = filtered if isinstance(filtered, list) else []
    if not requests or not all(_is_pair(request) for request in requests):
        return "generation"
    return "choice" if len(requests) > 1 else "continuation"


def _is_pair(request: Any) -> bool:
    """A log-probability and whether the continuation is the likeliest one."""
    return (
        isinstance(request, list)
        and len(request) == 2
        and isinstance(request[0], str | float | int)
        and str(request[1]) in ("True", "False")
        and re.fullmatch(r"-?[\d.]+(e-?\d+)?|-?inf|nan", str(request[0]), re.IGNORECASE) is not None
    )


def _requests(arguments: Any) -> list[list[Any]]:
    """The arguments of each request; files from before August 2024 have them as nested lists."""
    if isinstance(arguments, dict):
        return [
            list(request.values()) for request in arguments.values() if isinstance(request, dict)
        ]
    return [r for r in arguments if isinstance(r, list)] if isinstance(arguments, list) else []


def _several_contexts(rows: list[list[list[Any]]]) -> bool:
    """Whether options stand in the context, before one continuation (as in winogrande)."""
    some = [
        requests for requests in rows if len(requests) > 1 and all(len(r) > 1 for r in requests)
    ]
    return bool(some) and all(
        len({str(r[1]) for r in requests}) == 1 and len({str(r[0]) for r in requests}) > 1
        for requests in some
    )


def _doc_columns(first: Sequence[dict[str, Any]], reading: Reading) -> tuple[DocColumn, ...]:
    docs = [row["doc"] for row in first if isinstance(row.get("doc"), dict)]
    found: list[DocColumn] = []
    for key in _keys(docs, reading):
        if key == "metadata":
            continue
        column = _doc_column(key, [doc.get(key) for doc in docs], len(found), False, reading)
        found += [] if column is None else [column]
    inner = [doc["metadata"] for doc in docs if isinstance(doc.get("metadata"), dict)]
    for key in _keys(inner, reading):
        column = _doc_column(key, [doc.get(key) for doc in inner], len(found), True, reading)
        found += [] if column is None else [column]
    return tuple(found)


def _keys(docs: Sequence[dict[str, Any]], reading: Reading) -> list[str]:
    """The first fields, and those that tell which examples share a text."""
    keys = list(dict.fromkeys(key for doc in docs for key in doc))
    return keys[:MOST_COLUMNS] + [
        k for k in keys[MOST_COLUMNS:] if k == reading.cluster or k in CLUSTERS
    ]


def _doc_column(
    key: str, values: list[Any], k: int, inner: bool, reading: Reading
) -> DocColumn | None:
    """A field of single values; of texts only what can still be a slice, or tells which examples
    share a text."""
    known = [v for v in values if v is not None]
    if not known or not _can_be_name(key):
        return None
    if all(isinstance(v, bool) for v in known):
        return DocColumn(key, f"d{k}", "flag", in_metadata=inner)
    if all(isinstance(v, int | float) for v in known):
        return DocColumn(key, f"d{k}", "number", in_metadata=inner)
    if not all(isinstance(v, str | int | float) for v in known):
        return None
    few = (
        len({str(v) for v in known}) <= MOST_VALUES
        and max(len(str(v)) for v in known) <= LONGEST_VALUE
    )
    shares = key == reading.cluster or key in CLUSTERS
    return DocColumn(key, f"d{k}", "text", shares, inner) if few or shares else None


def _row_type(
    kind: Kind,
    metrics: tuple[str, ...],
    columns: tuple[DocColumn, ...],
    *,
    nested: bool,
    contexts: bool,
    inputs: bool,
) -> type[Any]:
    """A struct of what is needed; msgspec skips everything else without making objects of it."""
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
        fields += [("arguments", dict[str, request] if nested else list[list[Any]])]  # type: ignore[valid-type]
    if columns:
        fields += [("doc", _doc_type(columns))]
    fields += [(f"m{k}", Any, None) for k in range(len(metrics))]
    rename = {f"m{k}": name for k, name in enumerate(metrics)}
    return msgspec.defstruct("Row", fields, rename=rename, gc=False, kw_only=True)


def _doc_type(columns: tuple[DocColumn, ...]) -> type[Any]:
    """The document's kept fields, ``inside`` being all of its ``metadata`` where some of that is
    kept."""
    top = [column for column in columns if not column.in_metadata]
    fields: list[Any] = [(column.at, Any, None) for column in top]
    rename = {column.at: column.name for column in top}
    if len(top) < len(columns):
        fields.append((INSIDE, Any, None))
        rename[INSIDE] = "metadata"
    return msgspec.defstruct("Doc", fields, rename=rename, gc=False, kw_only=True)
