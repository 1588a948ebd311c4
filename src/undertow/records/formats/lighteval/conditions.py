"""Says how a run of lighteval was made, from the aggregated results of the same time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from undertow.errors import TableError
from undertow.records.caveats import NO_CONFIGURATION
from undertow.records.formats.decoding.json import read_json
from undertow.records.formats.decoding.values import known, name, number, table, texts
from undertow.records.formats.lighteval.files import DetailsFile, split_task

UNKNOWN = "?"
NOT_ARGUMENTS = frozenset(
    {"generation_parameters", "cache_dir", "model_name", "dtype", "batch_size"}
)


class _Whole(msgspec.Struct):
    config_general: Any = None
    config_tasks: Any = None
    versions: Any = None


class Results(NamedTuple):
    """``config`` is of the run; ``tasks`` and ``versions`` are by lighteval's name of the task.

    ``missing`` says why there is nothing.
    """

    config: Mapping[str, Any]
    tasks: Mapping[str, Any]
    versions: Mapping[str, Any]
    missing: str | None

    @property
    def model(self) -> str | None:
        return name(self.config.get("model_name"))


def results_of(file: DetailsFile) -> Results:
    """Reads the results beside the details, or in ``results`` beside ``details``."""
    found = next((p for p in _places(file) if p.is_file()), None)
    if found is None:
        return Results(
            {},
            {},
            {},
            f"{file.path.parent}: has no results_{file.stamp}.json near it, {NO_CONFIGURATION}.",
        )
    try:
        whole = read_json(found, _Whole)
    except TableError as error:
        return Results({}, {}, {}, f"{str(error).partition('; ')[0]}, {NO_CONFIGURATION}.")
    return Results(
        table(whole.config_general), table(whole.config_tasks), table(whole.versions), None
    )


def _places(file: DetailsFile) -> list[Path]:
    called = f"results_{file.stamp}.json"
    folder = file.path.absolute().parent
    places = [folder / called, folder.parent / called]
    for parent in folder.parents:
        if parent.name == "details":
            places.append(parent.parent / "results" / folder.parent.relative_to(parent) / called)
    return places


def run_conditions(results: Results) -> dict[str, str]:
    """Returns the conditions of the whole run."""
    config = results.config
    model = table(config.get("model_config"))
    sha = name(config.get("lighteval_sha"))
    return texts(
        {
            "harness": "lighteval",
            "harness_version": None if sha == UNKNOWN else sha,
            "model": config.get("model_name"),
            "model_args": known(model, [k for k in model if k not in NOT_ARGUMENTS]) or None,
            "dtype": model.get("dtype") or config.get("model_dtype"),
            "batch_size": model.get("batch_size"),
            "decoding": known(model.get("generation_parameters")) or None,
            "chat_template": model.get("override_chat_template"),
            "limit": config.get("max_samples"),
        }
    )


def task_conditions(results: Results, file: DetailsFile) -> dict[str, str]:
    """Returns the conditions of the task."""
    config = table(_of_task(results.tasks, file))
    version = _of_task(results.versions, file)
    return texts(
        {
            "fewshot": file.shots or config.get("num_fewshots"),
            "task_version": config.get("version") if version is None else version,
            "template": config.get("prompt_function"),
        }
    )


def seconds(results: Results) -> float | None:
    """Returns what the run took. lighteval writes it as text, and spells it so."""
    value = results.config.get("total_evaluation_time_secondes")
    try:
        took = float(value) if isinstance(value, str) else number(value)
    except ValueError:
        return None
    return took if took is not None and 0 <= took < float("inf") else None


def _of_task(values: Mapping[str, Any], file: DetailsFile) -> Any:
    return next((v for key, v in values.items() if split_task(key)[0] == file.task), None)
