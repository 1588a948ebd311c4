"""Logs of EleutherAI's lm-evaluation-harness: ``lm_eval --log_samples --output_path OUT``.

    OUT/<model>/samples_<task>_<time>.jsonl    one row per document and filter
    OUT/<model>/results_<time>.json            how they were got; optional

A folder is one member: the newest file of each task in it. Several folders, or several files of one
task, are several members. ``example_id`` is ``task/doc_id``. Of options, probabilities come from
the raw log-probabilities, while the choice is the one that the metric counts (``acc_norm``: by
characters, ``acc_bytes``: by bytes).
Source: lm-eval 0.4.13, ``evaluator.py``, ``loggers/evaluation_tracker.py`` and ``api/task.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from undertow.errors import TableError
from undertow.records.formats.lm_eval.conditions import Results, results_of
from undertow.records.formats.lm_eval.files import Run, is_sample_file, runs, sample_files
from undertow.records.formats.lm_eval.layout import NoOutcomeError
from undertow.records.formats.lm_eval.task import to_part
from undertow.records.formats.logs.agreement import agreeing
from undertow.records.formats.logs.build import assemble
from undertow.records.formats.logs.log import Log
from undertow.records.formats.logs.member import Part, one_member
from undertow.records.formats.logs.runs import Found, newest_of_each_task
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.reading import Reading
from undertow.records.records import Records

NAME = "lm-eval"
ABOUT = (
    "lm-evaluation-harness --log_samples: samples_<task>_<time>.jsonl, or the folder that holds "
    "them"
)
USES = ("metric", "filter", "tasks")


def sniff(path: Path) -> str | None:
    """Rows with doc_id and filtered_resps, or a folder that holds such files, also deeper down."""
    if not path.is_dir():
        said = "lm-eval samples (rows with doc_id and filtered_resps)"
        return said if is_sample_file(path) else None
    first = next(iter(sample_files(path)), None)
    if first is None or not is_sample_file(first):
        return None
    return f"lm-eval samples (holds {first.relative_to(path)})"


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population. Raises ``TableError``, one line."""
    found = runs(paths)
    logs = [_member(run, reading, alone=len(found) == 1) for run in found]
    return assemble(agreeing(logs), reading.named(logs[0].model))


def _member(run: Run, reading: Reading, *, alone: bool) -> Log:
    wanted, notes = newest_of_each_task(run.folder, run.files, reading)
    exclusions = Exclusions(reading.allow_partial and len(wanted) > 1, list(notes))
    results: dict[str, Results] = {}
    for file in wanted:
        if file.stamp not in results:
            results[file.stamp] = results_of(file)
    parts = _parts(wanted, results, exclusions, reading)
    took = [r.seconds for r in results.values() if r.seconds is not None]
    parts[0] = replace(parts[0], seconds=sum(took) if took else None)
    model = next((r.model for r in results.values() if r.model is not None), None)
    stamp = "" if alone else f"-{wanted[0].stamp}"
    return one_member(
        f"{run.folder.resolve().name or 'log'}{stamp}",
        str(run.folder if len(wanted) > 1 else wanted[0].path),
        model,
        parts,
        exclusions.notes,
    )


def _parts(
    files: Sequence[Found], results: dict[str, Results], exclusions: Exclusions, reading: Reading
) -> list[Part]:
    """Reads every task. One without an outcome of single examples may be left out."""
    parts = []
    for file in files:
        try:
            parts.append(to_part(file, results[file.stamp], reading))
        except NoOutcomeError as error:
            exclusions.leave_out(str(error), "choose other tasks with --tasks")
    if not parts:
        raise TableError(
            f"{files[0].path.parent}: no task has an outcome between 0 and 1; choose other tasks"
            " with --tasks"
        )
    return parts
