"""Tells a file of a spreadsheet program by its first bytes and its name, and says what to save in
its place."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from undertow.records.opening import open_file

SUFFIXES = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers"})
MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""A zip archive, and what Excel wrote before."""


def spreadsheet_among(paths: Iterable[Path]) -> Path | None:
    """The first of these paths that is one."""
    return next((path for path in paths if _is_one(path)), None)


def saved_as_table(path: Path) -> str:
    """What to do with it."""
    to = path.with_suffix(".csv")
    return (
        f"{path}: is a spreadsheet, which is not read; save its sheet as CSV in UTF-8 or as "
        f"Parquet and give that: {shlex.quote(str(to))}"
    )


def _is_one(path: Path) -> bool:
    if path.suffix.lower() not in SUFFIXES:
        return False
    try:
        with open_file(path) as file:
            return file.read(4) in MAGIC
    except OSError:
        return False
