"""What the files are called that a suggested command writes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

MOST_TYPED = 1000
"""Letters of a command; a longer one would be cut off in a message."""


def written_for(paths: Iterable[Path], ending: str) -> dict[Path, Path]:
    """A new file for each, with the ``ending`` in place of its suffix; of two that differ in
    nothing else the suffix stays in the name."""
    distinct = [*dict.fromkeys(paths)]
    many = Counter(path.with_name(_stem(path.name)) for path in distinct)
    new = {}
    for path in distinct:
        alone = many[path.with_name(_stem(path.name))] == 1
        stem = _stem(path.name) if alone else path.name.replace(".", "-")
        new[path] = path.with_name(stem + ending)
    return new


def so_with(count: int) -> str:
    """What is said beside a command for the first of several files, of which all would be too
    long."""
    return f"; so with the other {count} files" if count > 1 else "; so with the other file"


def python_text(value: str) -> str:
    """A string of Python in double quotes, as the shell has the single ones. Halves of characters,
    which no terminal shows, are written as their numbers."""
    typed = json.dumps(value, ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", typed)


def _stem(name: str) -> str:
    return name.removesuffix(".gz").rsplit(".", 1)[0]
