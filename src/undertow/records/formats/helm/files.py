"""Finds the files of a run of HELM and reads its specification."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from undertow.errors import TableError
from undertow.records.formats.decoding.json import read_json
from undertow.records.formats.decoding.values import name, table
from undertow.records.formats.logs.runs import nearest

SPEC, STATS = "run_spec", "per_instance_stats"
MODEL = re.compile(r",?\b(model|model_deployment)=[^,]*")
DEEPEST = 2


class RunSpec(NamedTuple):
    """``task`` is the run's name without its model; ``adapter`` says how prompts were made."""

    task: str
    model: str
    adapter: Mapping[str, Any]
    annotators: Any


class _Spec(msgspec.Struct):
    name: Any = None
    adapter_spec: Any = None
    annotators: Any = None


def run_folders(folder: Path) -> list[Path]:
    """Returns the folder itself where it is a run's, else those one or two levels down."""
    scored = nearest(
        folder, (f"{SPEC}.json*",), DEEPEST, lambda spec: file_of(spec.parent, STATS) is not None
    )
    return list(dict.fromkeys(spec.parent for spec in scored))


def file_of(folder: Path, stem: str) -> Path | None:
    """Returns ``stem.json`` or ``stem.json.gz``."""
    return next(
        (p for p in (folder / f"{stem}.json", folder / f"{stem}.json.gz") if p.is_file()), None
    )


def run_spec(folder: Path) -> RunSpec:
    """Reads the specification. Raises ``TableError`` where it has no name or no adapter."""
    path = file_of(folder, SPEC)
    if path is None:
        raise TableError(f"{folder}: has no {SPEC}.json; expected a folder that helm-run wrote")
    spec = read_json(path, _Spec)
    adapter = table(spec.adapter_spec)
    run = name(spec.name)
    if run is None or not adapter:
        raise TableError(
            f"{path}: has no name or no adapter_spec; expected a folder that helm-run wrote"
        )
    model = name(adapter.get("model")) or name(adapter.get("model_deployment")) or "unknown"
    task = MODEL.sub("", run).replace(":,", ":").rstrip(":,")
    return RunSpec(task or run, model, adapter, spec.annotators)
