"""Which pictures were shown, for whoever says later what a page was made of.

They are opened late, one at a time, and may be hundreds. So they are noted by folder, and apart
from the files that were read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

ByFolder = dict[Path, dict[str, tuple[int, str] | None]]
"""Size and SHA-256 of each picture by its name in its folder; ``None`` where two openings found two
contents."""
_SHOWN: ContextVar[ByFolder | None] = ContextVar("shown", default=None)


@contextmanager
def pictures_shown(collected: ByFolder) -> Iterator[None]:
    """Adds the pictures that are shown meanwhile."""
    token = _SHOWN.set(collected)
    try:
        yield
    finally:
        _SHOWN.reset(token)


def note_shown(folder: Path, name: str, data: bytes) -> None:
    """To whoever collects."""
    collected = _SHOWN.get()
    if collected is None:
        return
    inside = os.path.relpath(os.path.join(folder, name), folder)
    found = len(data), hashlib.sha256(data).hexdigest()
    known = collected.setdefault(folder, {})
    if known.setdefault(inside, found) != found:
        known[inside] = None


def one_digest(found: dict[str, str]) -> str:
    """The SHA-256 of what ``sha256sum`` prints for these files, name to digest, in the order of the
    bytes of their names."""
    named = sorted((os.fsencode(name), digest.encode()) for name, digest in found.items())
    return hashlib.sha256(b"".join(b"%s  %s\n" % (d, name) for name, d in named)).hexdigest()
