"""What to type where a person gave one table alone, and it holds several models."""

from __future__ import annotations

import sys
from pathlib import Path

from undertow.undecoded import shell_word


def sides_of_one() -> str | None:
    """The command as it was typed, with a model of its only table on each side; ``None`` where
    there is no such table."""
    command, *given = sys.argv[1:] or [""]
    files = [word for word in given if not word.startswith("-") and Path(word).is_file()]
    if len(files) != 1 or given[0] != files[0]:
        return None
    from undertow.records.formats.table import sides_in
    from undertow.records.reading import Reading

    sides = sides_in(Path(files[0]), Reading())
    rest = " ".join(map(shell_word, given[1:]))
    return None if sides is None else f"undertow {command} {sides} {rest}".strip()
