"""Options of a reader that a format has no use for: refused, since an option that is ignored in
silence misleads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import polars as pl

from undertow.errors import TableError, UserError
from undertow.records.formats.members.names import listing
from undertow.records.reading import Reading
from undertow.records.records import Records

OPTIONS = ("metric", "filter", "labels", "tasks")
"""Fields of ``Reading`` that only some formats have a use for. Tasks can be chosen in any that has
a column of them."""
WHY = {
    "metric": "hold one outcome, so there is none to choose",
    "filter": "have no output filters",
    "labels": "have right answers of their own",
}


def refuse_unused(format: str, heeded: Collection[str], reading: Reading) -> None:
    """``UserError`` for an option that was given and that the format would ignore."""
    for option, why in WHY.items():
        value = getattr(reading, option)
        if value is not None and option not in heeded:
            raise UserError(
                f"--{option} {value}: files of the format {format} {why}; leave --{option} out"
            )


def only_tasks(records: Records, reading: Reading) -> Records:
    """The examples of the tasks that were asked for, by the column ``task``. ``TableError`` where
    there is none."""
    if not reading.tasks:
        return records
    asked = f"--tasks {' '.join(reading.tasks)}"
    if "task" not in records.examples.columns:
        raise TableError(
            f"{asked}: the examples of {records.name!r} have no column 'task'; leave --tasks out"
        )
    task = records.examples["task"].cast(pl.String)
    known = sorted(task.drop_nulls().unique().to_list())
    idle = next(
        (
            pattern
            for pattern in reading.tasks
            if not any(map(replace(reading, tasks=(pattern,)).wants_task, known))
        ),
        None,
    )
    if idle is not None:
        raise TableError(
            f"--tasks {idle}: no task of {records.name!r} fits it; the tasks are {listing(known)}"
        )
    kept = [name for name in known if reading.wants_task(name)]
    return records.take_examples(task.is_in(kept).fill_null(value=False).arg_true().to_numpy())
