"""Finds which sample files make one run of one model: as lm-eval lays them out, and loose ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from undertow.errors import TableError
from undertow.records.formats.decoding.lines import head
from undertow.records.formats.logs.runs import Found, nearest
from undertow.records.formats.members.names import listing, stem

NAMED = re.compile(
    r"samples_(?P<task>.+?)(?:_(?P<stamp>\d{4}-\d\d-\d\dT\d[\d.+:-]*))?\.jsonl(?:\.gz)?"
)
"""``samples_<task>_<stamp>.jsonl``. A task may hold underscores; a stamp is an ISO time."""
PATTERNS = ("samples_*.jsonl", "samples_*.jsonl.gz")
DEEPEST = 2


@dataclass(frozen=True)
class Run:
    """The sample files of one member, also older ones of a task."""

    folder: Path
    files: tuple[Found, ...]


def is_sample_file(path: Path) -> bool:
    """Tells whether lm-eval wrote the first row, whatever the file is called."""
    text = head(path, 1 << 20).lstrip()
    asked = b'"filtered_resps"' in text or b'"arguments"' in text
    cut = b"\n" not in text and NAMED.fullmatch(path.name) is not None and b'"doc"' in text
    return text.startswith(b"{") and b'"doc_id"' in text and (asked or cut)


def sample_files(folder: Path) -> list[Path]:
    """Returns the sample files in a folder, else those one or two levels down."""
    return nearest(folder, PATTERNS, DEEPEST, Path.is_file)


def sample_file(path: Path) -> Found:
    """Reads task and time from the name. The time is empty where the name has none."""
    parts = NAMED.fullmatch(path.name)
    if parts is None:
        return Found(path, stem(path))
    return Found(path, parts["task"], parts["stamp"] or "")


def runs(paths: Sequence[Path]) -> list[Run]:
    """Groups paths into members.

    Each folder is one member. Loose files of one folder are one too, unless a task appears in
    several of them. Members are in the order in which their folders, or the first of their files,
    were given.
    """
    found: list[Run] = []
    loose: dict[Path, list[Found]] = {}
    for path in paths:
        if path.is_dir():
            found.append(_folder_run(path))
        else:
            loose.setdefault(path.absolute().parent, []).append(sample_file(path))
    for folder, files in loose.items():
        found += [Run(folder, tuple(part)) for part in _by_stamp(files)]
    place = {path: k for k, path in reversed(list(enumerate(paths)))}
    return sorted(found, key=lambda run: _first_place(run, place)) if loose else found


def _first_place(run: Run, place: dict[Path, int]) -> int:
    return min((place[file.path] for file in run.files if file.path in place), default=-1)


def _folder_run(path: Path) -> Run:
    """Takes the one model folder that is there."""
    found = sample_files(path)
    folders = sorted({file.parent for file in found})
    if not folders:
        raise TableError(
            f"{path}: holds no samples_*.jsonl; expected what lm-eval wrote with --log_samples"
        )
    if len(folders) > 1:
        shown = listing([str(folder.relative_to(path)) for folder in folders])
        raise TableError(
            f"{path}: holds the logs of {len(folders)} models ({shown}); give one of these folders"
        )
    return Run(folders[0], tuple(map(sample_file, found)))


def _by_stamp(files: list[Found]) -> list[list[Found]]:
    """Splits files by time, if a task appears twice; into single files, if that is not enough."""
    if not _repeat_tasks(files):
        return [files]
    parts: dict[str, list[Found]] = {}
    for file in files:
        parts.setdefault(file.stamp, []).append(file)
    if any(_repeat_tasks(part) for part in parts.values()):
        return [[file] for file in files]
    return [parts[stamp] for stamp in sorted(parts)]


def _repeat_tasks(files: Sequence[Found]) -> bool:
    return len({file.task for file in files}) < len(files)
