"""Details of Hugging Face's lighteval: what ``--save-details`` writes, in its older layout too.

    OUT/details/<model>/<time>/details_<task>_<time>.parquet     one row per document
    OUT/results/<model>/results_<time>.json                      how they were got; optional

A file is one member, and so is a folder (OUT, or any folder below it), with the newest details of
each task in it. ``example_id`` is ``task/doc id``; the task's few-shot count, which lighteval
writes into its name (``gsm8k|5``), is a condition. Of options, probabilities come from the raw
log-probabilities, while the choice is by the normalisation under which the metric comes out as
logged. Details from before the document had an id are known by their text.
Source: lighteval 0.13.0, ``logging/evaluation_tracker.py``, ``tasks/requests.py``,
``models/model_output.py``; the flat layout from 0.8.1, ``logging/info_loggers.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from undertow.errors import TableError
from undertow.records.formats.decoding.tables import parse
from undertow.records.formats.lighteval.conditions import Results, results_of
from undertow.records.formats.lighteval.files import (
    DetailsFile,
    details_file,
    details_in,
    is_details,
)
from undertow.records.formats.lighteval.rows import columns_of
from undertow.records.formats.lighteval.task import to_part
from undertow.records.formats.logs.agreement import agreeing
from undertow.records.formats.logs.build import assemble
from undertow.records.formats.logs.log import Log
from undertow.records.formats.logs.member import Part, one_member
from undertow.records.formats.logs.runs import Found, newest_of_each_task
from undertow.records.formats.members.names import member_names
from undertow.records.reading import Reading
from undertow.records.records import Records

NAME = "lighteval"
ABOUT = "lighteval --save-details: details_<task>_<time>.parquet, or the folder that holds them"
USES = ("metric", "tasks")


def sniff(path: Path) -> str | None:
    """A Parquet file with the columns of details, or a folder that holds such files, also some
    levels down."""
    if not path.is_dir():
        return (
            "lighteval details (Parquet with doc, metric and model_response)"
            if is_details(path)
            else None
        )
    first = next((f for f in details_in(path) if is_details(f.path)), None)
    return None if first is None else f"lighteval details (holds {first.path.relative_to(path)})"


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population. Raises ``TableError``, one line."""
    logs = [
        _member(path, name, reading) for path, name in zip(paths, member_names(paths), strict=True)
    ]
    return assemble(agreeing(logs), reading.named(logs[0].model))


def _member(path: Path, name: str, reading: Reading) -> Log:
    files = details_in(path) if path.is_dir() else [details_file(path)]
    if not files:
        raise TableError(
            f"{path}: holds no details_*.parquet; expected what lighteval wrote with --save-details"
        )
    by_path = {file.path: file for file in files}
    folder = path if path.is_dir() else path.parent
    found = [Found(f.path, f.task, f.stamp, f.model) for f in files]
    wanted, notes = newest_of_each_task(folder, found, reading)
    known: dict[str, Results] = {}
    parts = [_part(by_path[log.path], known, reading) for log in wanted]
    model = next((r.model for r in known.values() if r.model is not None), None)
    said = dict.fromkeys(r.missing for r in known.values() if r.missing is not None)
    return one_member(name, str(path), model or files[0].model or None, parts, (*notes, *said))


def _part(file: DetailsFile, known: dict[str, Results], reading: Reading) -> Part:
    first = file.stamp not in known
    if first:
        known[file.stamp] = results_of(file)
    part = to_part(file, columns_of(file.path, parse(file.path)), known[file.stamp], reading)
    return part if first else replace(part, seconds=None)  # They are those of the whole run.
