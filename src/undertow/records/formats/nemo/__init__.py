"""Results of NVIDIA's NeMo Evaluator, as ``nel eval run`` writes them.

    OUT/<benchmark>/results.jsonl      one row per problem and repeat
    OUT/<benchmark>/eval-*.json        how they were got; optional

A benchmark's folder (or its results.jsonl) is one member, and so is a folder of such folders, a
task each. ``example_id`` is ``benchmark/problem_idx``; repeats are averaged. Where a row failed for
a reason outside the model (``error_category`` ``infra_error`` or ``system``) it has no score, while
NeMo counts it as 0. ``--metric`` takes a further scorer, as ``scorer:name``.
Source: nemo-evaluator 0.3.0, ``engine/eval_loop.py``, ``engine/artifacts.py``,
``engine/comparison.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undertow.errors import TableError
from undertow.records.formats.logs.agreement import agreeing
from undertow.records.formats.logs.build import assemble
from undertow.records.formats.logs.log import Log
from undertow.records.formats.logs.member import one_member
from undertow.records.formats.logs.runs import Found, newest_of_each_task
from undertow.records.formats.members.names import member_names
from undertow.records.formats.nemo.files import RESULTS, Bundle, bundle, is_results, results_in
from undertow.records.formats.nemo.task import to_part
from undertow.records.reading import Reading
from undertow.records.records import Records

NAME = "NeMo Evaluator"
ABOUT = "NeMo Evaluator: results.jsonl beside eval-*.json, or the folder that holds them"
USES = ("metric", "tasks")


def sniff(path: Path) -> str | None:
    """Rows with problem_idx and reward or model_response, or a folder that holds such a
    results.jsonl."""
    if not path.is_dir():
        return (
            "NeMo Evaluator results (rows with problem_idx and model_response)"
            if is_results(path)
            else None
        )
    first = next((p for p in results_in(path) if is_results(p)), None)
    return None if first is None else f"NeMo Evaluator results (holds {first.relative_to(path)})"


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population. Raises ``TableError``, one line."""
    folders = [p if p.is_dir() or p.name != RESULTS else p.absolute().parent for p in paths]
    logs = [
        _member(path, name, reading)
        for path, name in zip(paths, member_names(folders), strict=True)
    ]
    return assemble(agreeing(logs), reading.named(logs[0].model))


def _member(path: Path, name: str, reading: Reading) -> Log:
    files = results_in(path) if path.is_dir() else [path]
    if not files:
        raise TableError(f"{path}: holds no {RESULTS}; expected what nel eval run wrote")
    bundles: dict[Path, Bundle] = {file: bundle(file) for file in files}
    if any(b.shard for b in bundles.values()) and len(files) > 1:
        raise TableError(
            f"{path}: holds the shards of one run; put them together with nel eval merge"
        )
    found = [Found(file, b.task, b.stamp, b.model or "unknown") for file, b in bundles.items()]
    wanted, notes = newest_of_each_task(path if path.is_dir() else path.parent, found, reading)
    parts = [to_part(log.path, bundles[log.path], reading) for log in wanted]
    model = next((b.model for b in bundles.values() if b.model is not None), None)
    return one_member(name, str(path), model, parts, notes)
