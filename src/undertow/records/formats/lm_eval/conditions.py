"""How a run was made, from the ``results_<stamp>.json`` that lm-eval writes beside its samples."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from undertow.errors import TableError
from undertow.records.formats.lm_eval.files import SampleFile
from undertow.records.formats.lm_eval.rows import python_json, reason
from undertow.records.opening import read_file

TEMPLATE = (
    "doc_to_text", "doc_to_target", "doc_to_choice", "description", "gen_prefix",
    "target_delimiter", "fewshot_delimiter", "fewshot_config",
)  # fmt: skip
"""What of a task's configuration makes the prompt, besides the few-shot count."""
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""Where a Python function was in memory: in its ``repr``, and in each run another one."""
LARGEST = 1 << 28
Table = Mapping[str, Any]


def results_beside(file: SampleFile) -> tuple[Table | None, str | None]:
    """The aggregated results of the same run, or a sentence on why there are none."""
    folder = file.path.parent
    fewer = "so less is known of how the answers were got"
    if not file.stamp:
        return (
            None,
            f"{file.path}: its name has no time, so its results_*.json is not known, {fewer}.",
        )
    found = sorted(p for p in folder.glob("*.json") if p.stem.endswith(f"_{file.stamp}"))
    if not found:
        return None, f"{folder}: has no results_{file.stamp}.json, {fewer}."
    try:
        results = python_json(read_file(found[0], LARGEST))
    except TableError as error:
        return None, f"{str(error).partition('; ')[0]}, {fewer}."
    except (OSError, ValueError, RecursionError) as error:
        return None, f"{found[0]}: cannot be read ({reason(error)}), {fewer}."
    if not isinstance(results, dict):
        return None, f"{found[0]}: is no JSON object, {fewer}."
    return results, None


def less_is_better(results: Table, task: str) -> frozenset[str]:
    """Metrics for which the task says so."""
    said = _table(_table(results, "higher_is_better"), task)
    return frozenset(name for name, higher in said.items() if higher is False)


def task_conditions(results: Table, task: str, *, filter: str, decoding: Any) -> dict[str, str]:
    """Conditions of one task; ``decoding`` is what the first request was sent with."""
    config = _table(_table(results, "configs"), task)
    shots = _table(results, "n-shot").get(task, config.get("num_fewshot"))
    samples = _table(_table(results, "n-samples"), task)
    effective, original = samples.get("effective"), samples.get("original")
    version = _table(results, "versions").get(task, _table(config, "metadata").get("version"))
    sent = decoding if decoding is not None else config.get("generation_kwargs")
    found = {
        "filter": filter,
        "task_version": version,
        "fewshot": shots,
        "decoding": None if sent is None else _sorted(sent),
        "template": _template(config),
        "repeats": config.get("repeats"),
        "limit": None if effective is None else f"{effective} of {original} examples",
    }
    return {f"{key}:{task}": _text(value) for key, value in found.items() if value is not None}


def run_conditions(results: Table) -> dict[str, str]:
    """Conditions of the whole run."""
    config = _table(results, "config")
    tokenizer = {k: results.get(f"tokenizer_{k}") for k in ("bos_token", "eos_token", "pad_token")}
    found = {
        "harness": "lm-eval",
        "harness_version": results.get("lm_eval_version") or results.get("git_hash"),
        "model": results.get("model_name") or config.get("model"),
        "model_args": config.get("model_args"),
        "dtype": config.get("model_dtype"),
        "device": config.get("device"),
        "batch_size": config.get("batch_size"),
        "seeds": _seeds(config),
        "chat_template": _chat(results),
        "tokenizer": _sorted(tokenizer) if any(v is not None for v in tokenizer.values()) else None,
    }
    if "n-samples" not in results and "limit" in config:
        found["limit"] = config["limit"] if config["limit"] is not None else "none"
    return {key: _text(value) for key, value in found.items() if value is not None}


def model_name(results: Table | None) -> str | None:
    """What the log calls the model."""
    name = None if results is None else results.get("model_name")
    return name if isinstance(name, str) and name.strip() else None


def seconds(results: Table) -> float | None:
    """What the run took; lm-eval writes it as text."""
    try:
        value = float(results.get("total_evaluation_time_seconds") or "nan")
    except (TypeError, ValueError):
        return None
    return value if 0 <= value < float("inf") else None


def _template(config: Table) -> str | None:
    """A fingerprint of what makes the prompt, and its beginning so that a person knows it again."""
    parts = {key: config[key] for key in TEMPLATE if config.get(key) is not None}
    if not parts:
        return None
    text = ADDRESS.sub("", _sorted(parts))
    shown = ADDRESS.sub("", str(parts.get("doc_to_text", "")))
    return f"{' '.join(shown.split())[:60]} #{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _seeds(config: Table) -> str | None:
    names = {
        "random": "random_seed",
        "numpy": "numpy_seed",
        "torch": "torch_seed",
        "few-shot": "fewshot_seed",
    }
    found = [f"{name} {config[key]}" for name, key in names.items() if config.get(key) is not None]
    return ", ".join(found) or None


def _chat(results: Table) -> str | None:
    if "chat_template_sha" not in results:
        return None
    sha = results["chat_template_sha"]
    turns = ", few-shot as turns" if results.get("fewshot_as_multiturn") else ""
    system = results.get("system_instruction_sha")
    said = f", system instruction {str(system)[:8]}" if system else ""
    return f"{str(sha)[:8]}{turns}{said}" if sha else f"none{said}"


def _table(parent: Table, key: str) -> Table:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _sorted(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _sorted(value)
