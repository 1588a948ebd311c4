"""Finds the logs in a folder, and which of them are one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from undertow.errors import TableError
from undertow.records.formats.members.names import listing
from undertow.records.reading import Reading


class Found(NamedTuple):
    """One log of one task. ``stamp`` sorts by time; ``model`` is empty where it is not known."""

    path: Path
    task: str
    stamp: str = ""
    model: str = ""


def nearest(
    folder: Path, patterns: Sequence[str], deepest: int, keep: Callable[[Path], bool]
) -> list[Path]:
    """Returns the files in a folder, else those of the first level below that has any.

    Nothing where the folder cannot be listed. ``keep`` tells which files count.
    """
    for depth in range(deepest + 1):
        try:
            found = {p for pattern in patterns for p in folder.glob("*/" * depth + pattern)}
            kept = [p for p in sorted(found) if keep(p)]
        except OSError:
            return []
        if kept:
            return kept
    return []


def newest_of_each_task(
    folder: Path, found: Sequence[Found], reading: Reading
) -> tuple[list[Found], tuple[str, ...]]:
    """Returns one run's logs, sorted by task, and a note about older ones.

    Raises ``TableError`` for logs of several models, and where no task was asked for.
    """
    models = sorted({f.model for f in found})
    if len(models) > 1:
        raise TableError(
            f"{folder}: holds logs of {len(models)} models ({listing(models)}); give the logs of"
            " one of them a side"
        )
    by_age = sorted(found, key=lambda f: (f.stamp, f.path.name))
    newest = {log.task: log for log in by_age}  # A later one replaces an earlier one.
    wanted = [newest[task] for task in sorted(newest) if reading.wants_task(task)]
    if not wanted:
        raise TableError(
            f"{folder}: no task fits --tasks {' '.join(reading.tasks)}; it has"
            f" {listing(sorted(newest))}"
        )
    older = [f for f in found if f is not newest[f.task] and reading.wants_task(f.task)]
    return wanted, _note(folder, older)


def _note(folder: Path, older: Sequence[Found]) -> tuple[str, ...]:
    if not older:
        return ()
    shown = listing(sorted(str(f.path.relative_to(folder)) for f in older))
    return (
        f"{folder}: of each task the newest log is read, not {shown}; to read them, give the "
        "files.",
    )
