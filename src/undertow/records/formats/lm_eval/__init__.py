"""Logs of EleutherAI's lm-evaluation-harness, as ``lm_eval --log_samples --output_path OUT`` writes
them.

    OUT/<model>/samples_<task>_<time>.jsonl    one row per document and filter
    OUT/<model>/results_<time>.json            how they were got; optional

A folder is one member: the newest file of each task in it. Several folders, or several files of one
task, are several members. ``example_id`` is ``task/doc_id``. Of options, probabilities come from
the raw log-probabilities, while the choice is the one that the metric counts (``acc_norm``: by
characters, ``acc_bytes``: by bytes). Source: lm-eval 0.4.13, ``evaluator.py``,
``loggers/evaluation_tracker.py`` and ``api/task.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.conditions import merged
from undertow.records.formats.lm_eval.conditions import (
    Table,
    less_is_better,
    model_name,
    results_beside,
    run_conditions,
    seconds,
    task_conditions,
)
from undertow.records.formats.lm_eval.files import Run, is_sample_file, model_folders, runs
from undertow.records.formats.lm_eval.layout import NoOutcomeError
from undertow.records.formats.lm_eval.task import TaskLog, read_task
from undertow.records.formats.logs.build import assemble
from undertow.records.formats.logs.log import OPTIONS, Log
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.reading import Reading
from undertow.records.records import Records

NAME = "lm-eval"
ABOUT = (
    "lm-evaluation-harness --log_samples: samples_<task>_<time>.jsonl, or the folder that holds"
    " them"
)
USES = ("metric", "filter", "tasks")


def sniff(path: Path) -> str | None:
    """Rows with doc_id and filtered_resps, or a folder that holds such files, also one or two
    levels down."""
    if not path.is_dir():
        return (
            "lm-eval samples (rows with doc_id and filtered_resps)"
            if is_sample_file(path)
            else None
        )
    try:
        folders = model_folders(path)
    except OSError:
        return None
    first = next((p for folder in folders for p in sorted(folder.glob("samples_*.jsonl*"))), None)
    if first is None or not is_sample_file(first):
        return None
    return f"lm-eval samples (holds {first.relative_to(path)})"


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population. Raises ``TableError``, one line."""
    found = runs(paths, reading)
    logs = [_log(run, reading, alone=len(found) == 1) for run in found]
    folder = next((path.resolve().name for path in paths if path.is_dir()), None)
    return assemble(logs, reading.named(_readable(folder) or logs[0].model))


def _log(run: Run, reading: Reading, *, alone: bool) -> Log:
    tasks: list[TaskLog] = []
    conditions: list[Mapping[str, str]] = []
    exclusions = Exclusions(reading.allow_partial and len(run.files) > 1, list(run.notes))
    notes = exclusions.notes
    known: dict[str, tuple[Table | None, str | None]] = {}
    for file in run.files:
        if file.stamp not in known:
            known[file.stamp] = results_beside(file)
        results = known[file.stamp][0] or {}
        try:
            task = read_task(file, reading, less_is_better(results, file.task))
        except NoOutcomeError as error:
            exclusions.leave_out(str(error), "choose other tasks with --tasks")
            continue
        tasks.append(task)
        conditions.append(
            task_conditions(results, file.task, filter=task.filter, decoding=task.decoding)
        )
    if not tasks:
        raise TableError(
            f"{run.folder}: no task has an outcome between 0 and 1; choose other tasks with --tasks"
        )
    all_results = [results for results, _ in known.values() if results is not None]
    frame = _one_frame(tasks, notes)
    notes += [note for task in tasks for note in task.notes]
    notes += [why for _, why in known.values() if why is not None]
    metric = " + ".join(sorted({task.metric for task in tasks if task.metric is not None})) or None
    conditions += [run_conditions(results) for results in all_results] or [{"harness": "lm-eval"}]
    took = [s for s in map(seconds, all_results) if s is not None]
    model = next((name for name in map(model_name, all_results) if name is not None), None)
    stamp = "" if alone else f"-{run.files[0].stamp}"
    return Log(
        f"{_readable(run.folder.resolve().name) or 'log'}{stamp}",
        str(run.folder) if len(run.files) > 1 else str(run.files[0].path),
        frame,
        model,
        metric,
        merged(conditions),
        {"seconds": sum(took)} if took else {},
        tuple(notes),
    )


def _one_frame(tasks: list[TaskLog], notes: list[str]) -> pl.DataFrame:
    """All tasks' examples; with options only where all tasks have them."""
    without = [task.task for task in tasks if "choice" not in task.frame.columns]
    frames = [task.frame for task in tasks]
    if without and len(without) < len(tasks):
        shown = ", ".join(without[:8]) + (" …" if len(without) > 8 else "")
        notes.append(
            f"Without options to choose from: {shown}; so the answers of all tasks are compared as"
            " texts."
        )
        frames = [frame.drop(OPTIONS, strict=False) for frame in frames]
    unscored = [task.task for task in tasks if task.metric is None]
    if len(unscored) == len(tasks) or not unscored:
        pass
    else:
        notes.append(f"Without an outcome, so nothing is right or wrong: {', '.join(unscored)}.")
    if len(frames) == 1:
        return frames[0]
    try:
        frame = pl.concat(frames, how="diagonal_relaxed")
    except pl.exceptions.PolarsError as error:
        raise TableError(
            f"{tasks[0].task} and others: their columns do not fit together ({error})"
        ) from error
    if "cluster" in frame.columns:
        frame = frame.with_columns(pl.col("cluster").fill_null(pl.col("example_id")))
    return frame


def _readable(name: str | None) -> str | None:
    return None if not name else name.encode("utf-8", "replace").decode()
