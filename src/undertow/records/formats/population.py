"""Undertow's own population folder, as one of the formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from undertow.errors import RecordError
from undertow.records.folder import EXAMPLES, MANIFEST, MEMBERS, PLAN
from undertow.records.read import read_population
from undertow.records.reading import Reading
from undertow.records.records import Records
from undertow.records.schema import Manifest

NAME = "population"
ABOUT = "a folder written by undertow run or undertow convert (undertow-records/1)"
USES = ("metric", "filter", "columns")
"""Its columns have their names, so names for those of the other side's tables cost nothing."""


def sniff(path: Path) -> str | None:
    """A folder with a manifest, or with the plan of an unfinished one."""
    if not path.is_dir():
        return None
    if (path / MANIFEST).exists() or (path / PLAN).exists():
        return "population folder (has manifest.json)"
    if (path / MEMBERS).is_dir() and (path / EXAMPLES).exists():
        return "population folder without its manifest"
    return "folder of populations" if any(path.glob(f"*/{MANIFEST}")) else None


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """The one population folder of ``paths``. A folder is whole or refused, so ``allow_partial``
    changes nothing."""
    if len(paths) != 1:
        shown = ", ".join(str(p) for p in paths)
        raise RecordError(
            f"{shown}: are {len(paths)} population folders; give one on each side of a comparison"
        )
    records = read_population(paths[0], inputs=reading.inputs)
    _refuse_other_outcome(paths[0], records.manifest, reading)
    if reading.name is None:
        return records
    return replace(records, manifest=records.manifest.model_copy(update={"name": reading.name}))


def _refuse_other_outcome(path: Path, manifest: Manifest, reading: Reading) -> None:
    """What a log had besides is not in a population any more, so another outcome or filter cannot
    be taken."""
    fix = "convert the logs once more with it, or leave it out"
    if reading.metric not in (None, manifest.metric):
        held = (
            f"the outcome {manifest.metric}" if manifest.metric else "one outcome, without a name"
        )
        raise RecordError(f"--metric {reading.metric}: {path} holds {held}; {fix}")
    filters = sorted(
        {value for key, value in manifest.conditions.items() if key.partition(":")[0] == "filter"}
    )
    if reading.filter is not None and filters != [reading.filter]:
        held = (
            f"answers of the filter {', '.join(filters)}" if filters else "answers without a filter"
        )
        raise RecordError(f"--filter {reading.filter}: {path} holds {held}; {fix}")
