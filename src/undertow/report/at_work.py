"""Marks a folder while a run works for it, so that no other run takes it meanwhile, and the next
one sees where a run was killed.

The mark is a hidden file that the run holds locked. A process that is killed lets go of the lock
and leaves the file.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from undertow.errors import UserError

try:
    import fcntl
except ImportError:  # Windows: two runs for one folder at once are not kept apart there.
    fcntl = None  # type: ignore[assignment]

MARK = ".undertow-at-work"


class Taken(UserError):
    """Another run is at work for this folder."""


@contextmanager
def at_work(folder: Path, *, new: bool, whole: bool = False) -> Iterator[None]:
    """Makes the folder, where it is not there, and holds it. One that is ``new`` is taken away
    again where a run fails before it wrote anything. ``whole``: what a run that failed did write
    is a part of one result, so the mark stays. ``Taken`` where another run holds it, ``OSError``
    where it cannot be made."""
    made = [one for one in (folder, *folder.parents) if not os.path.lexists(one)]
    folder.mkdir(parents=True, exist_ok=True)
    handle = _held(folder)
    if handle is None:
        raise Taken(
            f"{folder}: another run is at work for this folder; wait until it ends, or give "
            "another name after --out"
        )
    try:
        yield
    except BaseException:
        if not whole or os.listdir(folder) == [MARK]:
            (folder / MARK).unlink(missing_ok=True)
        with suppress(OSError):  # only what is empty
            for one in made or ([folder] if new else []):
                one.rmdir()
        raise
    else:
        (folder / MARK).unlink(missing_ok=True)
    finally:
        os.close(handle)


def was_left(folder: Path) -> bool:
    """Whether there is nothing in it but the mark of a run that was killed."""
    try:
        return os.listdir(folder) == [MARK] and not _busy(folder)
    except OSError:
        return False


def refuse_not_empty(folder: Path) -> None:
    """``UserError`` for a folder that holds anything, asked by who writes whole folders into it.
    Where a run was killed, its part of a result is no result."""
    if not os.path.lexists(folder):
        return
    if folder.is_dir():
        there = os.listdir(folder)
        if there in ([], [MARK]) or _busy(folder):
            return  # Who is at work there is said as it is held.
        if MARK in there:
            raise UserError(
                f"--out {folder}: holds a part of what a run was writing as it was killed; remove "
                f"it with rm -r {shlex.quote(str(folder))}, or give the name of a new folder"
            )
    raise UserError(
        f"--out {folder}: is there already and not empty; give the name of a new folder"
    )


def _held(folder: Path) -> int | None:
    """The mark, locked; None where another run has it."""
    while True:
        handle = os.open(folder / MARK, os.O_RDWR | os.O_CREAT, 0o666)
        if not _locked(handle):
            os.close(handle)
            return None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(folder / MARK)):
                return handle
        os.close(handle)  # Who had it has ended in between, and taken it away.


def _busy(folder: Path) -> bool:
    """Whether a run holds the mark that is there."""
    try:
        handle = os.open(folder / MARK, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """True too where there are no locks, as on Windows and some network file systems."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
