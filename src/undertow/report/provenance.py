"""Where a report comes from: the command, the files that were read with their digests, and what
they were read by.

A page that is attached to a release is read by people who did not make it. They can take the files,
compare the digests and make the page again.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from undertow.audit.result import Audit
from undertow.errors import UserError
from undertow.records.opening import open_file, opened_files

LIBRARIES = ("numpy", "scipy", "polars")
"""Those that numbers depend on."""
PIECE = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """A file that was read: for what (``reference, variant`` where both sides read it, as a file of
    labels), its path as it was given, its bytes, and its SHA-256 in hexadecimal."""

    role: str
    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Provenance:
    """``command`` is empty where Python was used. ``made`` is the time of ``SOURCE_DATE_EPOCH`` in
    UTC, empty without: the clock is left out, so that the same files give the same report."""

    command: str
    inputs: tuple[InputFile, ...]
    versions: tuple[tuple[str, str], ...]
    made: str


class Sources:
    """Collects files while they are read, and digests them beside the reading."""

    def __init__(self, command: str = "") -> None:
        self.command = command
        self._digests: list[tuple[str, Path, Future[tuple[int, str]]]] = []
        self._beside = ThreadPoolExecutor(1)

    @contextmanager
    def reading(self, role: str) -> Iterator[None]:
        """What is opened meanwhile is read for this role."""
        with opened_files() as opened:
            yield
        for path in opened:
            self._digests.append((role, path, self._beside.submit(_digest, path)))

    def provenance(self) -> Provenance:
        """Waits for the digests. Raises ``UserError`` where a file is no longer there."""
        roles: dict[tuple[str, int, str], list[str]] = {}
        for role, path, digest in self._digests:
            roles.setdefault((str(path), *digest.result()), []).append(role)
        inputs = tuple(
            InputFile(", ".join(dict.fromkeys(read_as)), *file) for file, read_as in roles.items()
        )
        self._beside.shutdown()
        return Provenance(self.command, inputs, _versions(), _made())


def _digest(path: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    try:
        with open_file(path) as file:
            while piece := file.read(PIECE):
                size += len(piece)
                digest.update(piece)
    except OSError as problem:
        raise UserError(
            f"{path}: cannot be read a second time for its digest ({problem.strerror}); keep it in "
            "place until the report is written"
        ) from problem
    return size, digest.hexdigest()


def _versions() -> tuple[tuple[str, str], ...]:
    named: Sequence[tuple[str, str]] = [(name, version(name)) for name in LIBRARIES]
    return (("undertow", version("undertow")), ("Python", platform.python_version()), *named)


def _made() -> str:
    said = os.environ.get("SOURCE_DATE_EPOCH", "")
    return (
        f"{datetime.fromtimestamp(int(said), UTC):%Y-%m-%d %H:%M:%S} UTC"
        if said.isdecimal()
        else ""
    )


def without_folders(audit: Audit, provenance: Provenance | None) -> Audit:
    """The audit without the folders of the files that were read, where it names one: whose page it
    is need not know where the files lay, and the provenance says it."""
    folders = sorted(_folders(provenance), key=len, reverse=True)
    if not folders:
        return audit
    found = re.compile("|".join(f"{re.escape(folder)}/" for folder in folders))

    def bare(said: Iterable[str]) -> tuple[str, ...]:
        return tuple(found.sub("", sentence) for sentence in said)

    return replace(
        audit,
        headline=found.sub("", audit.headline),
        assumptions=bare(audit.assumptions),
        differences=bare(audit.differences),
        notices=bare(audit.notices),
        variants=tuple(replace(v, design=bare(v.design)) for v in audit.variants),
    )


def _folders(provenance: Provenance | None) -> set[str]:
    """Whole paths of the folders of the files, and of those above them."""
    paths = [Path(file.path).absolute() for file in provenance.inputs] if provenance else []
    return {str(folder) for path in paths for folder in path.parents[:-1]}
