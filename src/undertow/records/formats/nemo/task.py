"""Turns one benchmark of NeMo Evaluator into columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.logs.member import Part
from undertow.records.formats.logs.outcome import Outcome, choose_outcome, values_of
from undertow.records.formats.logs.slices import with_metadata
from undertow.records.formats.logs.texts import kept_input, kept_output, text_column
from undertow.records.formats.nemo.conditions import run_conditions, task_conditions
from undertow.records.formats.nemo.files import Bundle
from undertow.records.formats.nemo.rows import REWARD, Kept, kept_rows
from undertow.records.reading import Reading


def to_part(path: Path, bundle: Bundle, reading: Reading) -> Part:
    """Reads one benchmark.

    Raises ``TableError`` for rows without a problem, and where no reward can be the outcome.
    """
    kept = list(kept_rows(path, reading))
    if not kept:
        raise TableError(f"{path}: holds no row; expected what nel eval run wrote")
    names = dict.fromkeys([REWARD, *(n for row in kept for n in row.values)])
    values = {n: values_of([row.values.get(n) for row in kept]) for n in names}
    outcome = choose_outcome(str(path), values, reading.metric, preferred=(REWARD,))
    frame, said = _frame(kept, bundle.task, outcome, reading)
    notes = (*bundle.notes, *outcome.notes, *said, *_failures(path, kept))
    conditions = task_conditions(bundle), run_conditions(bundle)
    return Part(bundle.task, frame, outcome.metric, *conditions, notes)


def _failures(path: Path, kept: Sequence[Kept]) -> tuple[str, ...]:
    failed = sum(row.failed for row in kept)
    if not failed:
        return ()
    return (
        f"{path}: {failed} of {len(kept)} rows failed for reasons outside the model and have no"
        " score; NeMo Evaluator counts them as 0.",
    )


def _frame(
    kept: Sequence[Kept], task: str, outcome: Outcome, reading: Reading
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    words = {
        n: [getattr(row, n) for row in kept] for n in ("answer", "prompt_hash", "content_hash")
    }
    columns = [
        text_column("example_id", [f"{task}/{row.id}" for row in kept]),
        text_column("task", [task] * len(kept)),
        outcome.column,
        pl.Series("seconds", [row.seconds for row in kept], dtype=pl.Float64),
        kept_output(text_column("target", [row.target for row in kept])),
        *(text_column(n, column) for n, column in words.items()),
    ]
    if reading.inputs:
        columns.append(kept_input(text_column("input", [row.prompt for row in kept])))
        columns.append(kept_output(text_column("output", [row.output for row in kept])))
    return with_metadata(pl.DataFrame(columns), [row.metadata for row in kept], reading, task)
