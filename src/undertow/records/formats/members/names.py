"""Makes the names of members and populations from the names of files, and lists names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from undertow.records.folder import MEMBER_ID

MOST_LISTED = 8


def member_names(paths: Sequence[Path]) -> list[str]:
    """Returns file stems, each after its folder's name where two files are named alike."""
    stems = [file_name(stem(path)) for path in paths]
    if len(set(stems)) < len(stems):
        stems = [file_name(f"{path.absolute().parent.name}-{stem(path)}") for path in paths]
    return stems


def population_name(paths: Sequence[Path]) -> str:
    """Returns what the names have in common: a stem, a common beginning, else the folder's name."""
    stems = [stem(path).encode("utf-8", "replace").decode() for path in paths]
    if len(stems) == 1:
        return stems[0]
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*stems, strict=False))
    shared = "".join(letters[0] for letters in alike).rstrip("-_. 0123456789")
    return shared or paths[0].absolute().parent.name or stems[0]


def stem(path: Path) -> str:
    """Returns the name without its suffix, also of a gzipped file."""
    return path.name.removesuffix(".gz").rsplit(".", 1)[0] or path.name


def file_name(text: str) -> str:
    """Returns ``text`` as a member id, which must be able to name a file."""
    safe = re.sub(r"[^\w.+=@-]", "-", text)[:120]
    return safe if MEMBER_ID.fullmatch(safe) else f"m{safe}"[:120]


def listing(names: Sequence[str], most: int = MOST_LISTED) -> str:
    """Returns the first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
