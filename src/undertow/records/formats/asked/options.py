"""Refuses options that a format would ignore, because an ignored option misleads."""

from __future__ import annotations

from collections.abc import Collection

from undertow.errors import UserError
from undertow.records.reading import Reading

OPTIONS = ("metric", "filter", "labels", "tasks", "columns")
"""What only some formats use of ``Reading``. ``tasks.py`` does for formats that do not; ``columns``
stands for all fields that name one."""
OTHER_FILTERS = "also there:"
"""Words of a note on which of several output filters was taken."""
WHY = {
    "metric": "hold one outcome, so there is none to choose",
    "filter": "have no output filters",
    "labels": "have right answers of their own",
}


def refuse_unused(format: str, heeded: Collection[str], reading: Reading) -> None:
    """Raises ``UserError`` for an option that was given and that the format would ignore."""
    if "columns" not in heeded:
        _refuse_columns(format, reading)
    for option, why in WHY.items():
        value = getattr(reading, option)
        if value is not None and option not in heeded:
            raise UserError(
                f"--{option} {value}: files of the format {format} {why}; leave --{option} out"
            )


def _refuse_columns(format: str, reading: Reading) -> None:
    for flag, name in reading.columns.items():
        raise UserError(
            f"--{flag} {name}: this names a column of a plain table, and files of the format "
            f"{format} are not plain tables; leave --{flag} out"
        )
