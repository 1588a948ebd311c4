"""Which files were opened, and in which state, for whoever says later what was read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class State(NamedTuple):
    """What becomes another where a file is written to or replaced."""

    device: int
    inode: int
    size: int
    written_ns: int


Opened = dict[Path, State | None]
"""In the order of their opening; ``None`` where a file was in two states at two openings."""
_OPENED: ContextVar[Opened | None] = ContextVar("opened", default=None)


def state_of(handle: int) -> State:
    """The state of an open file."""
    status = os.fstat(handle)
    return State(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@contextmanager
def opened_files() -> Iterator[Opened]:
    """Collects the files that are opened meanwhile, each once. Whoever collects around this does
    not hear of them, unless they are noted there too."""
    opened: Opened = {}
    token = _OPENED.set(opened)
    try:
        yield opened
    finally:
        _OPENED.reset(token)


def note_opened(opened: Opened) -> None:
    """To whoever collects."""
    known = _OPENED.get()
    if known is not None:
        add_opened(known, opened)


def add_opened(known: Opened, opened: Opened) -> None:
    """More files; one that is known in another state was changed in between."""
    for path, state in opened.items():
        if known.setdefault(path, state) != state:
            known[path] = None


def in_threads(pool: Executor, work: Callable[[T], R], given: Iterable[T]) -> Iterator[R]:
    """``pool.map``, where a thread knows nothing of whoever collects here: what was opened is noted
    in the order of what was given, whichever thread was first."""

    def collected(one: T) -> tuple[R, Opened]:
        with opened_files() as opened:
            return work(one), opened

    for made, opened in pool.map(collected, given):
        note_opened(opened)
        yield made
