"""Refuses options that a format would ignore, because an ignored option misleads."""

from __future__ import annotations

from collections.abc import Collection

from undertow.errors import UserError
from undertow.records.reading import Reading

OPTIONS = ("metric", "filter", "labels", "tasks")
"""Fields of ``Reading`` that only some formats use. ``tasks.py`` does for formats that do not."""
WHY = {
    "metric": "hold one outcome, so there is none to choose",
    "filter": "have no output filters",
    "labels": "have right answers of their own",
}


def refuse_unused(format: str, heeded: Collection[str], reading: Reading) -> None:
    """Raises ``UserError`` for an option that was given and that the format would ignore."""
    for option, why in WHY.items():
        value = getattr(reading, option)
        if value is not None and option not in heeded:
            raise UserError(
                f"--{option} {value}: files of the format {format} {why}; leave --{option} out"
            )
