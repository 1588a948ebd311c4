"""Names of members and populations, made from the names of files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from undertow.records.folder import MEMBER_ID


def member_names(paths: Sequence[Path]) -> list[str]:
    """File stems, with the folder's name before them where two files are named alike."""
    stems = [file_name(stem(path)) for path in paths]
    if len(set(stems)) < len(stems):
        stems = [file_name(f"{path.absolute().parent.name}-{stem(path)}") for path in paths]
    return stems


def population_name(paths: Sequence[Path]) -> str:
    """What the files have in common: one file's stem, a common beginning, else the folder they lie
    in."""
    stems = [stem(path).encode("utf-8", "replace").decode() for path in paths]
    if len(stems) == 1:
        return stems[0]
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*stems, strict=False))
    shared = "".join(letters[0] for letters in alike).rstrip("-_. 0123456789")
    return shared or paths[0].absolute().parent.name or stems[0]


def stem(path: Path) -> str:
    return path.name.removesuffix(".gz").rsplit(".", 1)[0] or path.name


def file_name(text: str) -> str:
    """``text`` as a member id, which must be able to name a file."""
    safe = re.sub(r"[^\w.+=@-]", "-", text)[:120]
    return safe if MEMBER_ID.fullmatch(safe) else f"m{safe}"[:120]
