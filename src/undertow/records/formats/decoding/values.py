"""Takes apart decoded values of which nothing is known.

What is not of the wanted kind counts as absent, so that strange logs raise no errors of Python's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any


def table(value: Any) -> Mapping[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The value where it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """Text as it is, other values as JSON, ``None`` for null."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def name(value: Any) -> str | None:
    """Text that is not blank."""
    return value if isinstance(value, str) and value.strip() else None


def number(value: Any) -> float | None:
    """A number or truth value as a float; ``None`` for anything else and for what overflows."""
    if not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def known(value: Any, keys: Collection[str] | None = None) -> dict[str, Any]:
    """The entries of an object that are not null; of ``keys`` alone, in their order, if given."""
    entries = table(value)
    return {
        k: entries[k] for k in (entries if keys is None else keys) if entries.get(k) is not None
    }


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Writes each value as text, and leaves out those that are null or blank."""
    return {key: said for key, value in values.items() if (said := name(text(value))) is not None}


def fingerprint(*parts: Any) -> str:
    """16 hexadecimal digits that are equal for equal values."""
    return hashlib.blake2b(
        (text(parts) or "").encode("utf-8", "replace"), digest_size=8
    ).hexdigest()
