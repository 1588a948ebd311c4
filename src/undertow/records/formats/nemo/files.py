"""Finds the files of NeMo Evaluator and reads what is known of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from undertow.errors import TableError
from undertow.records.caveats import NO_CONFIGURATION
from undertow.records.formats.decoding.json import read_json
from undertow.records.formats.decoding.lines import head
from undertow.records.formats.decoding.values import name, table, text
from undertow.records.formats.logs.runs import nearest

RESULTS = "results.jsonl"
DEEPEST = 3


class Bundle(NamedTuple):
    """What is known of a run. ``notes`` say why that is no more than the folder's name."""

    task: str
    model: str | None = None
    stamp: str = ""
    shard: bool = False
    config: Mapping[str, Any] = {}
    benchmark: Mapping[str, Any] = {}
    version: Any = None
    notes: tuple[str, ...] = ()


class _Bundle(msgspec.Struct):
    config: Any = None
    benchmark: Any = None
    timestamp: Any = None
    sdk_version: Any = None


def is_results(path: Path) -> bool:
    """Tells whether NeMo Evaluator wrote the first row, whatever the file is called."""
    first = head(path).lstrip()
    return (
        first.startswith(b"{")
        and b'"problem_idx"' in first
        and (b'"reward"' in first or b'"repeat"' in first)
    )


def results_in(folder: Path) -> list[Path]:
    """Returns the folder's own results, else those of the first level below that has any."""
    return nearest(folder, (RESULTS,), DEEPEST, Path.is_file)


def bundle(file: Path) -> Bundle:
    """Reads the newest ``eval-*.json`` beside the results that names a benchmark."""
    folder = file.absolute().parent
    missing = f"{folder}: has no eval-*.json, {NO_CONFIGURATION}."
    named: list[tuple[str, _Bundle]] = []
    for path in sorted(folder.glob("eval-*.json")):
        try:
            found = read_json(path, _Bundle)
        except TableError as error:
            said = str(error).partition("; ")[0]
            missing = f"{said}, {NO_CONFIGURATION}."
            continue
        if name(table(found.benchmark).get("name")) is not None:
            named.append((text(found.timestamp) or "", found))
    if not named:
        return Bundle(folder.name or "task", notes=(missing,))
    stamp, newest = max(named, key=lambda pair: pair[0])
    return _known(stamp, newest, folder)


def _known(stamp: str, found: _Bundle, folder: Path) -> Bundle:
    config, benchmark = table(found.config), table(found.benchmark)
    shard = bool(table(config.get("shard"))) or config.get("shard_range") is not None
    return Bundle(
        task=name(benchmark.get("name")) or folder.name,
        model=name(config.get("model")),
        stamp=stamp,
        shard=shard,
        config=config,
        benchmark=benchmark,
        version=found.sdk_version,
    )
