"""Says how a run was made, from the ``results_<time>.json`` that lm-eval writes beside samples."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from undertow.errors import TableError
from undertow.records.caveats import NO_CONFIGURATION
from undertow.records.formats.decoding.json import read_json
from undertow.records.formats.decoding.values import fingerprint, known, name, table, text, texts
from undertow.records.formats.logs.runs import Found

TEMPLATE = (
    "doc_to_text", "doc_to_target", "doc_to_choice", "description", "gen_prefix",
    "target_delimiter", "fewshot_delimiter", "fewshot_config",
)  # fmt: skip
"""What of a task's configuration makes the prompt, besides the few-shot count."""
SEEDS = {
    "random": "random_seed",
    "numpy": "numpy_seed",
    "torch": "torch_seed",
    "few-shot": "fewshot_seed",
}
TOKENS = ("bos_token", "eos_token", "pad_token")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""Where a Python function was in memory. It stands in its ``repr`` and differs between runs."""


class Results(NamedTuple):
    """The aggregated results of a run. ``missing`` says why there is nothing."""

    content: Mapping[str, Any]
    missing: str | None = None

    @property
    def model(self) -> str | None:
        return name(self.content.get("model_name"))

    @property
    def seconds(self) -> float | None:
        """What the run took; lm-eval writes it as text."""
        try:
            took = float(self.content.get("total_evaluation_time_seconds") or "nan")
        except (TypeError, ValueError):
            return None
        return took if 0 <= took < float("inf") else None


def results_of(file: Found) -> Results:
    """Reads the results of the same time as a sample file."""
    folder = file.path.parent
    if not file.stamp:
        why = f"{file.path}: its name has no time that would tell which results_*.json is its own"
        return Results({}, f"{why}, {NO_CONFIGURATION}.")
    found = sorted(p for p in folder.glob("*.json") if p.stem.endswith(f"_{file.stamp}"))
    if not found:
        return Results({}, f"{folder}: has no results_{file.stamp}.json, {NO_CONFIGURATION}.")
    try:
        content = read_json(found[0], Any)
    except TableError as error:
        return Results({}, f"{str(error).partition('; ')[0]}, {NO_CONFIGURATION}.")
    if not isinstance(content, dict):
        return Results({}, f"{found[0]}: is no JSON object, {NO_CONFIGURATION}.")
    return Results(content)


def less_is_better(results: Results, task: str) -> frozenset[str]:
    """Returns the metrics of which the task says so."""
    said = table(table(results.content.get("higher_is_better")).get(task))
    return frozenset(metric for metric, higher in said.items() if higher is False)


def task_conditions(results: Results, task: str, *, filter: str, decoding: Any) -> dict[str, str]:
    """Returns the conditions of the task. ``decoding`` is what the first request was sent with."""
    content = results.content
    config = table(table(content.get("configs")).get(task))
    own_version = table(config.get("metadata")).get("version")
    return texts(
        {
            "filter": filter,
            "task_version": table(content.get("versions")).get(task, own_version),
            "fewshot": table(content.get("n-shot")).get(task, config.get("num_fewshot")),
            "decoding": config.get("generation_kwargs") if decoding is None else decoding,
            "template": _template(config),
            "repeats": config.get("repeats"),
            "limit": _limit_of_task(table(table(content.get("n-samples")).get(task))),
        }
    )


def run_conditions(results: Results) -> dict[str, str]:
    """Returns the conditions of the whole run."""
    content = results.content
    config = table(content.get("config"))
    tokenizer = {key: content.get(f"tokenizer_{key}") for key in TOKENS}
    return texts(
        {
            "harness": "lm-eval",
            "harness_version": content.get("lm_eval_version") or content.get("git_hash"),
            "model": content.get("model_name") or config.get("model"),
            "model_args": config.get("model_args"),
            "dtype": config.get("model_dtype"),
            "device": config.get("device"),
            "batch_size": config.get("batch_size"),
            "seeds": _seeds(config),
            "chat_template": _chat(content),
            "tokenizer": tokenizer if known(tokenizer) else None,
            "limit": _limit_of_run(content, config),
        }
    )


def _limit_of_task(samples: Mapping[str, Any]) -> str | None:
    effective = samples.get("effective")
    return None if effective is None else f"{effective} of {samples.get('original')} examples"


def _limit_of_run(content: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    """Returns the limit that was asked for, where each task's is not known."""
    if "n-samples" in content or "limit" not in config:
        return None
    return "none" if config["limit"] is None else config["limit"]


def _template(config: Mapping[str, Any]) -> str | None:
    """Returns the beginning of what makes the prompt, and a fingerprint of all of it."""
    parts = known(config, TEMPLATE)
    if not parts:
        return None
    shown = ADDRESS.sub("", str(parts.get("doc_to_text", "")))
    whole = ADDRESS.sub("", text(parts) or "")
    return f"{' '.join(shown.split())[:60]} #{fingerprint(whole)[:8]}"


def _seeds(config: Mapping[str, Any]) -> str | None:
    found = [f"{said} {config[k]}" for said, k in SEEDS.items() if config.get(k) is not None]
    return ", ".join(found) or None


def _chat(content: Mapping[str, Any]) -> str | None:
    if "chat_template_sha" not in content:
        return None
    sha, system = content["chat_template_sha"], content.get("system_instruction_sha")
    instruction = f", system instruction {str(system)[:8]}" if system else ""
    if not sha:
        return f"none{instruction}"
    turns = ", few-shot as turns" if content.get("fewshot_as_multiturn") else ""
    return f"{str(sha)[:8]}{turns}{instruction}"
