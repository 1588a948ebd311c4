"""Logs of UK AISI's inspect, as ``inspect eval`` writes them: ``.eval`` (zipped) and ``.json``.

A file is one member, and so is a folder, with the newest log of each task in it; several of them
are several members. ``example_id`` is ``task/sample id``; epochs are repeats. A sample that ended
in an error, or that was invalidated, has no score. Of several scorers ``--metric`` takes one, as
``scorer`` or, where its value is an object, ``scorer.key``.
Source: inspect_ai 0.3.285, ``log/_log.py``, ``log/_recorders/eval.py``, ``scorer/_metric.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undertow.records.formats.inspect_ai.files import Header, header, is_log, logs_in
from undertow.records.formats.inspect_ai.task import to_part
from undertow.records.formats.logs.agreement import agreeing
from undertow.records.formats.logs.build import assemble
from undertow.records.formats.logs.log import Log
from undertow.records.formats.logs.member import one_member
from undertow.records.formats.logs.runs import Found, newest_of_each_task
from undertow.records.formats.members.names import member_names
from undertow.records.reading import Reading
from undertow.records.records import Records

NAME = "inspect"
ABOUT = "inspect_ai logs: <time>_<task>_<id>.eval or .json, or the folder that holds them"
USES = ("metric", "tasks")


def sniff(path: Path) -> str | None:
    """A zip with inspect's members, JSON with its first keys, or a folder that holds such files."""
    if not path.is_dir():
        found = is_log(path)
        return None if found is None else f"inspect log ({found})"
    first = next(iter(logs_in(path)), None)
    return None if first is None else f"inspect logs (holds {first.relative_to(path)})"


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population. Raises ``TableError``, one line."""
    logs = [
        _member(path, name, reading) for path, name in zip(paths, member_names(paths), strict=True)
    ]
    return assemble(agreeing(logs), reading.named(logs[0].model))


def _member(path: Path, name: str, reading: Reading) -> Log:
    headers: dict[Path, Header] = {
        p: header(p) for p in (logs_in(path) if path.is_dir() else [path])
    }
    found = [Found(p, h.task, h.created, h.model) for p, h in headers.items()]
    folder = path if path.is_dir() else path.parent
    wanted, notes = newest_of_each_task(folder, found, reading)
    parts = [to_part(log.path, headers[log.path], reading) for log in wanted]
    return one_member(name, str(path), found[0].model, parts, notes)
