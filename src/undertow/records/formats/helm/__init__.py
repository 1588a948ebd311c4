"""Runs of Stanford's HELM, as ``helm-run`` writes them, with or without ``helm-summarize``.

    runs/<suite>/<scenario>:<arguments>,model=<model>/
        run_spec.json, per_instance_stats.json             required
        display_predictions.json with instances.json       the answers; else scenario_state.json

A run's folder is one member, and so is a suite's folder with the runs of one model, one task each.
``example_id`` is ``task/instance id``, with ``/perturbation`` where the instance is a perturbed
one; ``perturbation`` is a slice. Train trials, which differ in their few-shot examples, are
repeats. The outcome is the mean of one statistic of the instance. Of options the chosen one is
known, its log-probability is not. Files may be gzipped.
Source: crfm-helm 0.5.16, ``benchmark/runner.py``, ``metrics/metric.py``,
``presentation/run_display.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undertow.errors import TableError
from undertow.records.formats.helm.files import STATS, RunSpec, run_folders, run_spec
from undertow.records.formats.helm.task import to_part
from undertow.records.formats.logs.agreement import agreeing
from undertow.records.formats.logs.build import assemble
from undertow.records.formats.logs.log import Log
from undertow.records.formats.logs.member import one_member
from undertow.records.formats.logs.runs import Found, newest_of_each_task
from undertow.records.formats.members.names import member_names
from undertow.records.reading import Reading
from undertow.records.records import Records

NAME = "HELM"
ABOUT = (
    "HELM: a run's folder with run_spec.json and per_instance_stats.json, or the suite's folder"
    " that holds them"
)
USES = ("metric", "tasks")


def sniff(path: Path) -> str | None:
    """A folder with run_spec.json and per_instance_stats.json, or one that holds such folders."""
    folders = run_folders(path)
    if not folders:
        return None
    if folders == [path]:
        return "HELM run (has run_spec.json and per_instance_stats.json)"
    return f"HELM runs (holds {folders[0].relative_to(path)})"


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population. Raises ``TableError``, one line."""
    logs = [
        _member(path, name, reading) for path, name in zip(paths, member_names(paths), strict=True)
    ]
    return assemble(agreeing(logs), reading.named(logs[0].model))


def _member(path: Path, name: str, reading: Reading) -> Log:
    folders = run_folders(path)
    if not folders:
        raise TableError(
            f"{path}: holds no run_spec.json with {STATS}.json; expected a folder that "
            "helm-run wrote"
        )
    specs: dict[Path, RunSpec] = {folder: run_spec(folder) for folder in folders}
    found = [Found(folder, spec.task, "", spec.model) for folder, spec in specs.items()]
    _refuse_repeated(path, found)
    wanted, notes = newest_of_each_task(path, found, reading)
    parts = [to_part(log.path, specs[log.path], reading) for log in wanted]
    return one_member(name, str(path), found[0].model, parts, notes)


def _refuse_repeated(path: Path, found: Sequence[Found]) -> None:
    """Refuses two runs of one task by one model: HELM gives no time that tells which is newer."""
    seen: set[str] = set()
    for run in found:
        if run.task in seen and run.model == found[0].model:
            raise TableError(
                f"{path}: holds {run.task} more than once, also in {run.path}; give one suite's "
                "folder"
            )
        seen.add(run.task)
