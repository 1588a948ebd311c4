"""Where a report comes from: the command, the files that were read with their digests, and what
they were read by.

A page that is attached to a release is read by people who did not make it. They can take the files,
compare the digests and make the page again.
"""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import IO

from undertow.audit.result import Audit
from undertow.errors import UserError
from undertow.records.opened import Opened, State, add_opened, opened_files, state_of
from undertow.records.opening import open_file
from undertow.records.pictures_shown import ByFolder, one_digest, pictures_shown
from undertow.source_date import source_date
from undertow.undecoded import escaped

LIBRARIES = ("numpy", "scipy", "polars")
"""Those that numbers depend on."""
PIECE = 1 << 20
LABELS = "labels"
"""The role of a file of right answers."""


@dataclass(frozen=True)
class InputFile:
    """A file that was read: for what (``reference``, ``variant``, ``policy``, ``labels``,
    ``columns``, with commas between several), its path as it was given, with bytes that are no text
    in hexadecimal, its size, and its SHA-256."""

    role: str
    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class PictureFiles:
    """Pictures of one folder that were opened to be shown: how many, their size together, and the
    SHA-256 of what ``sha256sum`` prints for them in the folder, in the order of their names."""

    folder: str
    count: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Provenance:
    """``command`` is empty where Python was used. ``made`` is the time of ``SOURCE_DATE_EPOCH`` in
    UTC, empty without: the clock is left out, so that the same files give the same report.
    ``in_memory`` are the sides that were in memory and so have no file."""

    command: str
    inputs: tuple[InputFile, ...]
    versions: tuple[tuple[str, str], ...]
    made: str
    pictures: tuple[PictureFiles, ...] = ()
    in_memory: tuple[str, ...] = ()


class Sources:
    """Collects files while they are read, and digests them beside the reading."""

    def __init__(self, command: str = "") -> None:
        self.command = command
        self._read_for: dict[Path, dict[str, None]] = {}
        self._opened: Opened = {}
        self._digests: dict[Path, Future[tuple[int, str]]] = {}
        self._beside = ThreadPoolExecutor(1)
        self._pictures: ByFolder = {}

    @contextmanager
    def reading(self, role: str, labels: Path | None = None) -> Iterator[None]:
        """What is opened meanwhile is read for this role, but for a file of right answers, which is
        the same for every side."""
        with opened_files() as opened:
            yield
        add_opened(self._opened, opened)
        for path, state in opened.items():
            self._read_for.setdefault(path, {})[LABELS if path == labels else role] = None
            if path not in self._digests:
                self._digests[path] = self._beside.submit(_digest, path, state)

    def showing(self) -> AbstractContextManager[None]:
        """Pictures that are opened meanwhile are shown."""
        return pictures_shown(self._pictures)

    def provenance(self) -> Provenance:
        """Waits for the digests. Raises ``UserError`` where a file is no longer there, or no longer
        what was read."""
        found = {path: digest.result() for path, digest in self._digests.items()}
        self._beside.shutdown()
        changed = next((path for path, state in self._opened.items() if state is None), None)
        if changed is not None:
            raise _was_changed(changed)
        inputs = (
            InputFile(", ".join(roles), escaped(str(path)), *found[path])
            for path, roles in self._read_for.items()
        )
        pictures = tuple(_together(*of) for of in self._pictures.items())
        return Provenance(self.command, tuple(inputs), _versions(), _made(), pictures)


def _together(folder: Path, found: Mapping[str, tuple[int, str] | None]) -> PictureFiles:
    known = {name: one for name, one in found.items() if one is not None}
    for name in found.keys() - known.keys():
        raise _was_changed(folder / name)
    return PictureFiles(
        escaped(str(folder)),
        len(known),
        sum(size for size, _ in known.values()),
        one_digest({name: digest for name, (_, digest) in known.items()}),
    )


def _digest(path: Path, state: State | None) -> tuple[int, str]:
    """Size and SHA-256 of a file that is still in this state, from beginning to end."""
    size, digest = 0, hashlib.sha256()
    try:
        with open_file(path) as file:
            _refuse_change(path, file, state)
            while piece := file.read(PIECE):
                size += len(piece)
                digest.update(piece)
                _refuse_change(path, file, state)  # At once: one that grows would never end.
    except OSError as problem:
        raise UserError(
            f"{path}: cannot be read a second time for its digest ({problem.strerror}); keep it in "
            "place until the report is written"
        ) from problem
    return size, digest.hexdigest()


def _refuse_change(path: Path, file: IO[bytes], state: State | None) -> None:
    if state_of(file.fileno()) != state:
        raise _was_changed(path)


def _was_changed(path: Path) -> UserError:
    return UserError(
        f"{path}: was written to or replaced while it was read, so it cannot be told what the "
        "numbers are of; wait until nothing writes to it, and run this again"
    )


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    named: Sequence[tuple[str, str]] = [(name, version(name)) for name in LIBRARIES]
    return (("undertow", version("undertow")), ("Python", platform.python_version()), *named)


def _made() -> str:
    made = source_date()
    return "" if made is None else f"{made:%Y-%m-%d %H:%M:%S} UTC"


def without_folders(audit: Audit, provenance: Provenance | None) -> Audit:
    """The audit without the folders of the files that were read, where it names one: whose page it
    is need not know where the files lay, and the provenance says it."""
    folders = sorted(_folders(provenance), key=len, reverse=True)
    if not folders:
        return audit
    found = re.compile("|".join(f"{re.escape(folder)}/" for folder in folders))

    def bare(said: Iterable[str]) -> tuple[str, ...]:
        return tuple(found.sub("", escaped(sentence)) for sentence in said)

    return replace(
        audit,
        headline=found.sub("", escaped(audit.headline)),
        assumptions=bare(audit.assumptions),
        differences=bare(audit.differences),
        notices=bare(audit.notices),
        variants=tuple(replace(v, design=bare(v.design)) for v in audit.variants),
    )


def _folders(provenance: Provenance | None) -> set[str]:
    """Whole paths of the folders of the files, and of those above them."""
    paths = [Path(file.path).absolute() for file in provenance.inputs] if provenance else []
    return {escaped(str(folder)) for path in paths for folder in path.parents[:-1]}
