"""Which sample files make one run of one model: as lm-eval lays them out, and loose ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from undertow.errors import TableError
from undertow.records.formats.decoding.lines import head
from undertow.records.formats.members.names import stem
from undertow.records.reading import Reading

NAMED = re.compile(
    r"samples_(?P<task>.+?)(?:_(?P<stamp>\d{4}-\d\d-\d\dT\d[\d.+:-]*))?\.jsonl(?:\.gz)?"
)
"""``samples_<task>_<stamp>.jsonl``: a task may hold underscores, a stamp is an ISO time with dashes
for colons."""
PATTERNS = ("samples_*.jsonl", "samples_*.jsonl.gz")
MOST_LISTED = 8


class SampleFile(NamedTuple):
    """One task's file. ``stamp`` is empty where the name has none."""

    path: Path
    task: str
    stamp: str


@dataclass(frozen=True)
class Run:
    """One member: a model's sample files, one a task, sorted by task."""

    folder: Path
    files: tuple[SampleFile, ...]
    notes: tuple[str, ...] = ()


def is_sample_file(path: Path) -> bool:
    """Whether its first bytes are a row that lm-eval wrote, whatever the file is called."""
    text = head(path, 1 << 20).lstrip()
    asked = b'"filtered_resps"' in text or b'"arguments"' in text
    cut = b"\n" not in text and NAMED.fullmatch(path.name) is not None and b'"doc"' in text
    return text.startswith(b"{") and b'"doc_id"' in text and (asked or cut)


def model_folders(folder: Path) -> list[Path]:
    """Folders that hold sample files: this one, else those below it, else those one further
    below."""
    for depth in ("", "*/", "*/*/"):
        found = sorted(
            {path.parent for pattern in PATTERNS for path in folder.glob(depth + pattern)}
        )
        if found:
            return found
    return []


def runs(paths: Sequence[Path], reading: Reading) -> list[Run]:
    """Each folder is one member. Loose files of one folder are one too, unless a task appears in
    several of them.

    Members are in the order in which their folders, or the first of their files, were given.
    """
    found: list[Run] = []
    loose: dict[Path, list[SampleFile]] = {}
    for path in paths:
        if path.is_dir():
            found.append(_folder_run(path, reading))
        else:
            loose.setdefault(path.absolute().parent, []).append(sample_file(path))
    for folder, files in loose.items():
        found += [Run(folder, _wanted(part, reading)) for part in _by_stamp(files)]
    if not loose:
        return found
    place = {path: k for k, path in reversed(list(enumerate(paths)))}
    return sorted(
        found,
        key=lambda run: min((place[f.path] for f in run.files if f.path in place), default=-1),
    )


def sample_file(path: Path) -> SampleFile:
    """Task and stamp, from the name."""
    parts = NAMED.fullmatch(path.name)
    if parts is None:
        return SampleFile(path, stem(path), "")
    return SampleFile(path, parts["task"], parts["stamp"] or "")


def _folder_run(path: Path, reading: Reading) -> Run:
    """The newest file of each task in the one model folder that is there."""
    folders = model_folders(path)
    if not folders:
        raise TableError(
            f"{path}: holds no samples_*.jsonl; want what lm-eval wrote with --log_samples"
        )
    if len(folders) > 1:
        shown = ", ".join(str(f.relative_to(path)) for f in folders[:MOST_LISTED])
        more = f" and {len(folders) - MOST_LISTED} more" if len(folders) > MOST_LISTED else ""
        raise TableError(
            f"{path}: holds the logs of {len(folders)} models ({shown}{more}); give one of these"
            " folders"
        )
    files = sorted(sample_file(p) for pattern in PATTERNS for p in folders[0].glob(pattern))
    newest: dict[str, SampleFile] = {}
    for file in files:
        kept = newest.get(file.task)
        newest[file.task] = file if kept is None else max(kept, file, key=lambda f: f.stamp)
    older = [f for f in files if f.path != newest[f.task].path and reading.wants_task(f.task)]
    return Run(folders[0], _wanted(newest.values(), reading), _older(folders[0], older))


def _older(folder: Path, older: list[SampleFile]) -> tuple[str, ...]:
    if not older:
        return ()
    shown = ", ".join(f.path.name for f in older[:MOST_LISTED])
    more = f" and {len(older) - MOST_LISTED} more" if len(older) > MOST_LISTED else ""
    return (
        f"{folder}: of each task the newest log is read, not {shown}{more}; to read them, give the"
        " files.",
    )


def _by_stamp(files: list[SampleFile]) -> list[list[SampleFile]]:
    if len({f.task for f in files}) == len(files):
        return [files]
    parts: dict[str, list[SampleFile]] = {}
    for file in files:
        parts.setdefault(file.stamp, []).append(file)
    if any(len({f.task for f in part}) < len(part) for part in parts.values()):
        return [[file] for file in files]
    return [parts[stamp] for stamp in sorted(parts)]


def _wanted(files: Iterable[SampleFile], reading: Reading) -> tuple[SampleFile, ...]:
    all_files = sorted(files, key=lambda f: f.task)
    kept = tuple(f for f in all_files if reading.wants_task(f.task))
    if not kept:
        tasks = ", ".join(f.task for f in all_files[:MOST_LISTED])
        more = f" and {len(all_files) - MOST_LISTED} more" if len(all_files) > MOST_LISTED else ""
        raise TableError(
            f"{all_files[0].path.parent}: no task fits --tasks {' '.join(reading.tasks)}; it has"
            f" {tasks}{more}"
        )
    return kept
