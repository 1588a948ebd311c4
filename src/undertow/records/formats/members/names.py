"""Makes the names of members and populations from the names of files, and lists names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from undertow.records.folder import MEMBER_ID

MOST_LISTED = 8
BETWEEN = "-_. "
"""What stands between the words of a file's name."""


def member_names(paths: Sequence[Path]) -> list[str]:
    """Returns file stems, each after its folder's name where two files are named alike."""
    stems = [file_name(stem(path)) for path in paths]
    if len(set(stems)) < len(stems):
        stems = [file_name(f"{path.absolute().parent.name}-{stem(path)}") for path in paths]
    return stems


def population_name(paths: Sequence[Path]) -> str:
    """Returns what the names have in common up to the end of a word; else the name of the folder
    that was typed before names with nothing in common; else ``int8+int4``, or ``int8 and 2
    more``."""
    stems = [stem(path).encode("utf-8", "replace").decode() for path in paths]
    if len(set(stems)) == 1:
        return stems[0]
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*stems, strict=False))
    letters = "".join(first for first, *_ in alike)
    folder = "" if letters else paths[0].parent.name
    both = "+".join(stems) if len(stems) == 2 else f"{stems[0]} and {len(stems) - 1} more"
    return _shared_words(letters, stems) or folder or both


def _shared_words(letters: str, stems: Sequence[str]) -> str:
    """Returns the words that all begin with; empty where they have fewer than two letters, such as
    the ``s`` of ``s1`` and ``s2``."""
    if any(name[len(letters) :][:1].isdecimal() for name in stems):
        letters = letters.rstrip("0123456789")
    rests = [name[len(letters) :] for name in stems]
    ends = all(rest == "" or rest[0] in BETWEEN for rest in rests) or _counts(rests)
    words = letters if ends else letters[: 1 + max(letters.rfind(mark) for mark in BETWEEN)]
    words = words.rstrip(BETWEEN)
    return words if sum(letter.isalpha() for letter in words) > 1 else ""


def _counts(rests: Sequence[str]) -> bool:
    """Returns whether these number runs one by one, as in ``seed0`` and ``seed1``, or ``good`` and
    ``good2``; 8 and 4 of ``int8`` and ``int4`` do not."""
    if not all(rest == "" or rest.isdecimal() for rest in rests):
        return False
    numbers = sorted(int(rest) for rest in set(rests) - {""})
    first = numbers[0] if "" not in rests else min(numbers[0], 2)
    return numbers == list(range(first, first + len(numbers)))


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
