"""Chooses the fields of documents that are kept, by what the first rows hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from undertow.records.formats.logs.clusters import CLUSTERS
from undertow.records.formats.logs.slices import LONGEST_VALUE, MOST_COLUMNS, MOST_VALUES
from undertow.records.reading import Reading

UNNAMEABLE = re.compile(r'[\\"\x00-\x1f]')
INSIDE = "inside"
"""The attribute that holds all of a document's ``metadata``."""


class DocColumn(NamedTuple):
    """A field that is kept. ``at`` is its attribute, unless it is in ``metadata``.

    ``hashed``: a text of any length that only tells which examples share it.
    """

    name: str
    at: str
    kind: Literal["flag", "number", "text"]
    hashed: bool = False
    in_metadata: bool = False


def doc_columns(first: Sequence[dict[str, Any]], reading: Reading) -> tuple[DocColumn, ...]:
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
    """Returns the first fields, and those that tell which examples share a text."""
    keys = list(dict.fromkeys(key for doc in docs for key in doc))
    return keys[:MOST_COLUMNS] + [
        k for k in keys[MOST_COLUMNS:] if k == reading.cluster or k in CLUSTERS
    ]


def _doc_column(
    key: str, values: list[Any], k: int, inner: bool, reading: Reading
) -> DocColumn | None:
    """Keeps a field of single values, if it can be a slice or tells which examples share a text."""
    known = [v for v in values if v is not None]
    if not known or not can_be_name(key):
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


def can_be_name(name: Any) -> bool:
    """Tells whether msgspec can look for a field of this name."""
    return isinstance(name, str) and bool(name.strip()) and UNNAMEABLE.search(name) is None
