"""How columns of another table come to this one by id."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from undertow.records.formats.columns.commands.new_table import (
    kind_typed,
    new_name,
    reading_typed,
    written,
)
from undertow.records.formats.columns.commands.python_typed import text_typed


def joined(
    path: Path, key: str, other: Path, other_key: str, names: Sequence[str]
) -> tuple[str, str]:
    """How columns of another table come to this one by id, and what the table is called then."""
    ids = f"pl.col({text_typed(key)}).cast(str)"
    theirs = ids if key == other_key else f"pl.col({text_typed(other_key)}).cast(str)"
    theirs += "" if key == other_key else f".alias({text_typed(key)})"
    columns = ", ".join([theirs, *map(text_typed, names)])
    right = f"{reading_typed(other, (other_key,))}.select({columns})"
    after = f'.join({right}, on={text_typed(key)}, how="left")'
    to = new_name(path, kind_typed(path, (key,)), "joined")
    return written(path, ids, (key,), "joined", after), shlex.quote(str(to))
