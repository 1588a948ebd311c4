"""Reads which option a target names: by its index, its text or its letter."""

from __future__ import annotations

import re
from typing import Any

from undertow.records.records import MISSING

INDEX = re.compile(r"\[?\s*(\d{1,9})(\s*,\s*\d{1,9})*\s*\]?")


def as_text(value: Any) -> str | None:
    """Returns a target as a person reads it."""
    return value if isinstance(value, str) or value is None else str(value)


def index_in(target: Any) -> int:
    """Reads ``3``, or the first of ``[3, 5]``; ``MISSING`` for anything else."""
    if type(target) is str:
        if len(target) == 1:
            return ord(target) - 48 if "0" <= target <= "9" else MISSING
        found = INDEX.fullmatch(target)
        return int(found[1]) if found else MISSING
    return whole(target)


def whole(value: Any) -> int:
    """Reads a small whole number; ``MISSING`` for anything else."""
    return int(value) if type(value) in (int, float) and value in range(100_000) else MISSING


def position(target: Any, texts: list[str]) -> int:
    """Finds the option with the target's text."""
    if not isinstance(target, str):
        return MISSING
    wanted = target.strip()
    return next((k for k, text in enumerate(texts) if text.strip() == wanted), MISSING)


def letter(target: Any) -> int:
    """Reads ``A``, ``(A)`` or ``A.``."""
    found = re.fullmatch(r"\s*\(?([A-Z])[).]?\s*", target) if isinstance(target, str) else None
    return ord(found[1]) - 65 if found else MISSING


def right_text(texts: list[str], label: int, target: Any) -> str | None:
    """Returns the text of the right option, or of several; without a label the target."""
    if label < 0:
        return as_text(target)
    if type(target) is str and target.startswith("[") and INDEX.fullmatch(target):
        several = [int(found) for found in re.findall(r"\d+", target)]
        return " | ".join(texts[k].strip() for k in several if k < len(texts))
    return texts[label].strip()
