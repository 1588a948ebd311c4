"""What a study measures beside its records, of members that are trained: seconds in engines, say.

Taken once and kept as JSON in the study's folder. It is taken again where its declaration or what
it was measured on has changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from undertow.records.folder import write_whole
from undertow.records.manifest import digest
from undertow.records.read import read_manifest

if TYPE_CHECKING:
    from undertow.lab.population import Population

FORMAT = "undertow-measured/1"
Found = dict[str, Any]
"""Of a measurement: what JSON can hold."""


class Measurement(Protocol):
    """A frozen description. Its ``repr`` says all that the result depends on, beside the members
    themselves."""

    @property
    def populations(self) -> tuple[Population, ...]:
        """Those whose members it asks."""
        ...

    def take(self, folders: Mapping[str, Path], tell: Callable[[str], None]) -> Found:
        """By the folders of its populations, by name."""
        ...


def measured_once(
    measurement: Measurement,
    folders: Mapping[str, Path],
    path: Path,
    tell: Callable[[str], None],
) -> Found:
    """What ``path`` holds of it, or taken now and written there."""
    asked = _asked(measurement, folders)
    kept = _kept(path, asked)
    if kept is not None:
        return kept
    found = measurement.take(folders, tell)
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {"format": FORMAT, "asked": asked, "found": found}
    write_whole(path, (json.dumps(said, indent=1) + "\n").encode())
    # as the next run will read it, so that both give the same page
    read: Found = json.loads(json.dumps(found))
    return read


def _asked(measurement: Measurement, folders: Mapping[str, Path]) -> dict[str, Any]:
    of = {p.name: _members(folders[p.name]) for p in measurement.populations}
    return {"measurement": repr(measurement), "populations": of}


def _members(folder: Path) -> str:
    """The digest of its manifest, which names every member's files by their digests."""
    return digest(json.loads(read_manifest(folder).model_dump_json()))


def _kept(path: Path, asked: dict[str, Any]) -> Found | None:
    """None where there is none, another one, or no whole file."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        same = said["format"] == FORMAT and said["asked"] == asked
        found: Found = said["found"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if same else None
