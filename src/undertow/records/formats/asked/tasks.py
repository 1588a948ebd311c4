"""Keeps the examples of the tasks that were asked for, in a format that does not choose itself."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.members.names import listing
from undertow.records.reading import Reading
from undertow.records.records import Records


def only_tasks(records: Records, reading: Reading) -> Records:
    """Chooses examples by the column ``task``.

    Raises ``TableError`` where there is no such column, and for a pattern that fits no task.
    """
    if not reading.tasks:
        return records
    if "task" not in records.examples.columns:
        raise TableError(
            f"--tasks {' '.join(reading.tasks)}: the examples of {records.name!r} have no column"
            " 'task'; leave --tasks out"
        )
    task = records.examples["task"].cast(pl.String)
    known = sorted(task.drop_nulls().unique().to_list())
    _refuse_idle(records.name, reading.tasks, known)
    kept = [name for name in known if reading.wants_task(name)]
    return records.take_examples(task.is_in(kept).fill_null(value=False).arg_true().to_numpy())


def _refuse_idle(name: str, patterns: Sequence[str], known: Sequence[str]) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(task, pattern) for task in known):
            raise TableError(
                f"--tasks {pattern}: no task of {name!r} fits it; the tasks are {listing(known)}"
            )
