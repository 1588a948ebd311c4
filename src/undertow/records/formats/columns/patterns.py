"""Refuses columns whose names polars takes for patterns of the names of several columns."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from undertow.errors import TableError


def refuse_patterns(path: Path, columns: Iterable[str]) -> None:
    """``TableError`` for a name such as ``*`` or ``^.*$``, by which every other column would be
    meant as well."""
    found = next((name for name in columns if _is_pattern(name)), None)
    if found is not None:
        raise TableError(
            f"{path}: a column is called {found!r}, which would stand for several columns; rename "
            "it in the file, to letters alone"
        )


def _is_pattern(name: str) -> bool:
    return name == "*" or (name.startswith("^") and name.endswith("$"))
