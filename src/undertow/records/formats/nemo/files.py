"""The files of NeMo Evaluator, and how a run was made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from undertow.errors import TableError
from undertow.records.formats.decoding.json import read_json
from undertow.records.formats.decoding.lines import head
from undertow.records.formats.decoding.values import fingerprint, name, number, table, text

RESULTS = "results.jsonl"
DEEPEST = 3
DECODING = (
    "temperature",
    "max_tokens",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "stop",
)


class Bundle(NamedTuple):
    """``missing`` says why nothing is known but the folder's name."""

    task: str
    model: str | None
    stamp: str
    shard: bool
    conditions: Mapping[str, str]
    shared: Mapping[str, str]
    missing: str | None


class _Bundle(msgspec.Struct):
    config: Any = None
    benchmark: Any = None
    timestamp: Any = None
    sdk_version: Any = None


def is_results(path: Path) -> bool:
    """Whether its first row is one that NeMo Evaluator wrote, whatever the file is called."""
    first = head(path).lstrip()
    return (
        first.startswith(b"{")
        and b'"problem_idx"' in first
        and (b'"reward"' in first or b'"repeat"' in first)
    )


def results_in(folder: Path) -> list[Path]:
    """The folder's own results, else those of the first level below that has any."""
    for depth in range(DEEPEST + 1):
        try:
            files = sorted(p for p in folder.glob("*/" * depth + RESULTS) if p.is_file())
        except OSError:
            return []
        if files:
            return files
    return []


def bundle(file: Path) -> Bundle:
    """The newest ``eval-*.json`` beside the results that names a benchmark."""
    folder = file.absolute().parent
    said = f"{folder}: has no eval-*.json, so less is known of how the answers were got."
    named: list[tuple[str, _Bundle]] = []
    for path in sorted(folder.glob("eval-*.json")):
        try:
            found = read_json(path, _Bundle)
        except TableError as error:
            said = f"{str(error).partition('; ')[0]}, so less is known of how the answers were got."
            continue
        if name(table(found.benchmark).get("name")) is not None:
            named.append((text(found.timestamp) or "", found))
    if not named:
        return Bundle(
            folder.name or "task", None, "", False, {}, {"harness": "NeMo Evaluator"}, said
        )
    stamp, found = max(named, key=lambda pair: pair[0])
    config = table(found.config)
    shard = bool(table(config.get("shard"))) or config.get("shard_range") is not None
    task = name(table(found.benchmark).get("name")) or folder.name
    return Bundle(
        task,
        name(config.get("model")),
        stamp,
        shard,
        _conditions(config, found),
        _shared(config, found),
        None,
    )


def _conditions(config: Mapping[str, Any], found: _Bundle) -> dict[str, str]:
    prompt = text(config.get("system_prompt"))
    repeats = number(table(found.benchmark).get("repeats")) or number(config.get("repeats"))
    said = {
        "decoding": {key: config[key] for key in DECODING if config.get(key) is not None} or None,
        "template": None if not prompt else f"{prompt[:60]} #{fingerprint(prompt)[:8]}",
        "repeats": None if repeats is None else f"{repeats:g}",
        "limit": config.get("max_problems"),
        "judge": config.get("judge"),
        "seeds": config.get("seed"),
    }
    return {key: value for key, v in said.items() if (value := name(text(v))) is not None}


def _shared(config: Mapping[str, Any], found: _Bundle) -> dict[str, str]:
    said = {
        "harness": "NeMo Evaluator",
        "harness_version": found.sdk_version,
        "model": config.get("model"),
    }
    return {key: value for key, v in said.items() if (value := name(text(v))) is not None}
