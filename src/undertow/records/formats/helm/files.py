"""The files of a run of HELM, and how it was made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from undertow.errors import TableError
from undertow.records.formats.decoding.json import read_json
from undertow.records.formats.decoding.values import fingerprint, name, table, text

SPEC, STATS = "run_spec", "per_instance_stats"
MODEL = re.compile(r",?\b(model|model_deployment)=[^,]*")
TEMPLATE = (
    "method", "global_prefix", "global_suffix", "instructions", "input_prefix", "input_suffix",
    "reference_prefix", "reference_prefix_characters", "reference_suffix",
    "chain_of_thought_prefix", "chain_of_thought_suffix", "output_prefix", "output_suffix",
    "instance_prefix", "substitutions",
)  # fmt: skip
"""What of HELM's ``AdapterSpec`` makes the prompt, besides the few-shot count."""
DECODING = ("temperature", "max_tokens", "stop_sequences", "num_outputs")
DEEPEST = 2


class RunSpec(NamedTuple):
    """``task`` is the run's name without its model."""

    task: str
    model: str
    adapter: Mapping[str, Any]
    conditions: Mapping[str, str]
    shared: Mapping[str, str]


class _Spec(msgspec.Struct):
    name: Any = None
    adapter_spec: Any = None
    annotators: Any = None


def run_folders(folder: Path) -> list[Path]:
    """The folder itself where it is a run's, else those one or two levels down."""
    for depth in range(DEEPEST + 1):
        try:
            found = sorted({p.parent for p in folder.glob("*/" * depth + f"{SPEC}.json*")})
        except OSError:
            return []
        runs = [run for run in found if file_of(run, STATS) is not None]
        if runs:
            return runs
    return []


def file_of(folder: Path, stem: str) -> Path | None:
    """``stem.json`` or ``stem.json.gz``."""
    return next(
        (p for p in (folder / f"{stem}.json", folder / f"{stem}.json.gz") if p.is_file()), None
    )


def run_spec(folder: Path) -> RunSpec:
    """Raises ``TableError`` where the run has no name or no adapter."""
    path = file_of(folder, SPEC)
    if path is None:
        raise TableError(f"{folder}: has no {SPEC}.json; want a folder that helm-run wrote")
    spec = read_json(path, _Spec)
    adapter = table(spec.adapter_spec)
    run = name(spec.name)
    if run is None or not adapter:
        raise TableError(
            f"{path}: has no name or no adapter_spec; want a folder that helm-run wrote"
        )
    model = name(adapter.get("model")) or name(adapter.get("model_deployment")) or "unknown"
    deployment = name(adapter.get("model_deployment")) or model
    shared = {"harness": "HELM", "model": model} | (
        {} if deployment == model else {"model_args": deployment}
    )
    task = MODEL.sub("", run).replace(":,", ":").rstrip(":,")
    return RunSpec(task or run, model, adapter, _conditions(spec, adapter), shared)


def _conditions(spec: _Spec, adapter: Mapping[str, Any]) -> dict[str, str]:
    template = {key: adapter[key] for key in TEMPLATE if adapter.get(key) is not None}
    shown = text(adapter.get("method")) or "prompt"
    found = {
        "fewshot": adapter.get("max_train_instances"),
        "template": f"{shown} #{fingerprint(template)[:8]}",
        "decoding": {key: adapter[key] for key in DECODING if adapter.get(key) is not None} or None,
        "judge": spec.annotators or None,
        "repeats": adapter.get("num_train_trials"),
        "limit": adapter.get("max_eval_instances"),
        "seeds": adapter.get("random"),
    }
    return {key: said for key, value in found.items() if (said := name(text(value))) is not None}
