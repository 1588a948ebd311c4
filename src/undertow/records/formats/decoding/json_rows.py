"""Tells rows of JSON by the beginning of a text: an array of objects, or an object a line."""

from __future__ import annotations

import json
from typing import Any, Literal

JsonKind = Literal["JSON lines", "JSON array"]


def rows_kind(text: str) -> JsonKind | None:
    """What kind of rows begins here; ``None`` for one object alone, such as settings."""
    if text.startswith("["):
        return "JSON array" if text[1:].lstrip().startswith("{") else None
    first, end = _first(text)
    another = text[end:].lstrip(" \t\r").startswith("\n") and text[end:].lstrip().startswith("{")
    return "JSON lines" if first is not None and another else None


def first_row(text: str) -> dict[str, Any]:
    """The first object of the rows, empty where there is none."""
    return _first(text.lstrip("[ \t\r\n"))[0] or {}


def _first(text: str) -> tuple[dict[str, Any] | None, int]:
    if not text.startswith("{"):
        return None, 0
    try:
        found, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None, 0
    return found, end
