"""Finds the files of inspect, and reads their header and their samples, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from undertow.errors import TableError
from undertow.records.formats.decoding.json import decode, read_json
from undertow.records.formats.decoding.lines import head
from undertow.records.formats.decoding.values import name, table
from undertow.records.formats.decoding.zip import Archive
from undertow.records.formats.logs.runs import nearest
from undertow.records.opened import opened_files

ZIP = b"PK\x03\x04"
HEADER, START, SAMPLES = "header.json", "_journal/start.json", "samples/"
KEYS = (b'"version"', b'"eval"', b'"task_id"', b'"dataset"')
"""What stands near the beginning of a ``.json`` log."""
PATTERNS = ("*.eval", "*.json")


class _Head(msgspec.Struct):
    eval: Any = None
    plan: Any = None
    results: Any = None
    stats: Any = None
    status: Any = None


class Sample(msgspec.Struct):
    """What is used of an ``EvalSample``; events, stores and timelines are skipped."""

    id: Any = None
    epoch: Any = None
    input: Any = None
    choices: Any = None
    target: Any = None
    messages: Any = None
    output: Any = None
    scores: Any = None
    metadata: Any = None
    total_time: Any = None
    error: Any = None
    invalidation: Any = None


class _Attached(msgspec.Struct):
    attachments: Any = None


class _Whole(msgspec.Struct):
    samples: list[Sample] | None = None


class _WholeAttached(msgspec.Struct):
    samples: list[_Attached] | None = None


@dataclass(frozen=True)
class Header:
    """``spec`` is inspect's ``EvalSpec``.

    ``status`` is ``started`` where the log has no header yet.
    """

    spec: dict[str, Any]
    plan: dict[str, Any]
    stats: dict[str, Any]
    status: str

    @property
    def task(self) -> str:
        return name(self.spec.get("task")) or "task"

    @property
    def model(self) -> str:
        return name(self.spec.get("model")) or "unknown"

    @property
    def created(self) -> str:
        return name(self.spec.get("created")) or ""


def is_log(path: Path) -> str | None:
    """Says what shows that inspect wrote a file, whatever its name."""
    first = head(path)
    if first.startswith(ZIP):
        try:
            with Archive(path) as archive:
                names = archive.names
        except TableError:
            # A log that was cut off is one all the same: reading it says so.
            return "named .eval" if path.suffix == ".eval" else None
        ours = START in names or (HEADER in names and any(n.startswith(SAMPLES) for n in names))
        return "a zip with a header and samples" if ours else None
    ours = first.lstrip().startswith(b"{") and all(key in first for key in KEYS)
    return "JSON with eval, task_id and dataset" if ours else None


def logs_in(folder: Path) -> list[Path]:
    """Returns the logs in a folder, else those one level down."""
    with opened_files():  # Settings beside a log are looked at and not read.
        return nearest(folder, PATTERNS, 1, lambda p: p.is_file() and is_log(p) is not None)


def header(path: Path) -> Header:
    """Reads the header. Raises ``TableError`` for what is not a log of inspect."""
    if not head(path, len(ZIP)).startswith(ZIP):
        return _header(path, read_json(path, _Head))
    with Archive(path) as archive:
        there = next((n for n in (HEADER, START) if n in archive.names), None)
        if there is None:
            raise TableError(
                f"{path}: has no {HEADER} and no {START}, so it is no log of inspect; "
                "expected a file "
                ".eval"
            )
        return _header(path, decode(f"{path}: {there}", archive.read(there), _Head))


def samples(path: Path) -> Iterator[tuple[Sample, dict[str, Any]]]:
    """Yields each sample with its attachments, if its input or output refers to any."""
    if not head(path, len(ZIP)).startswith(ZIP):
        yield from _of_json(path)
        return
    with Archive(path) as archive:
        for member in archive.names:
            if member.startswith(SAMPLES) and member.endswith(".json"):
                data = archive.read(member)
                where = f"{path}: {member[:100]}"
                sample = decode(where, data, Sample)
                needed = b"attachment://" in data and _refers(sample)
                yield (
                    sample,
                    dict(table(decode(where, data, _Attached).attachments)) if needed else {},
                )


def _of_json(path: Path) -> Iterator[tuple[Sample, dict[str, Any]]]:
    found = read_json(path, _Whole).samples or []
    attached: list[_Attached] = []
    if any(_refers(sample) for sample in found):
        attached = read_json(path, _WholeAttached).samples or []
    for k, sample in enumerate(found):
        yield sample, dict(table(attached[k].attachments)) if k < len(attached) else {}


def _refers(sample: Sample) -> bool:
    return "attachment://" in str((sample.input, sample.output, sample.target))


def _header(path: Path, found: _Head) -> Header:
    if not isinstance(found.eval, dict) or name(found.eval.get("task")) is None:
        raise TableError(
            f"{path}: names no task under eval, so it is no log of inspect; expected what "
            "inspect eval "
            "wrote"
        )
    return Header(
        found.eval,
        dict(table(found.plan)),
        dict(table(found.stats)),
        name(found.status) or "started",
    )
