"""How a run of inspect was made, from the specification and plan in its header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from undertow.records.formats.decoding.values import fingerprint, listed, name, table, text
from undertow.records.formats.inspect_ai.file import Header

DECODING = (
    "temperature", "top_p", "top_k", "max_tokens", "stop_seqs", "best_of", "num_choices",
    "frequency_penalty", "presence_penalty", "logit_bias", "system_message", "reasoning_effort",
    "reasoning_tokens", "effort", "response_schema", "extra_body",
)  # fmt: skip
"""What of inspect's ``GenerateConfig`` changes an output, besides the seed; the rest is about
connections."""
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
LONGEST = 80


def task_conditions(header: Header) -> dict[str, str]:
    """Conditions of the task."""
    spec, config = header.spec, table(header.spec.get("config"))
    generate = {**table(spec.get("model_generate_config")), **table(header.plan.get("config"))}
    decoding = {key: generate[key] for key in DECODING if generate.get(key) is not None}
    epochs = config.get("epochs")
    reducers = [r for r in listed(config.get("epochs_reducer")) if r != "mean"]
    found = {
        "task_version": spec.get("task_version"),
        "template": _template(header),
        "decoding": decoding or "the model's own",
        "judge": _judge(spec),
        "repeats": None
        if epochs is None
        else f"{epochs}{f' ({text(reducers)})' if reducers else ''}",
        "limit": _limit(config),
        "seeds": generate.get("seed"),
    }
    return _texts(found)


def run_conditions(header: Header) -> dict[str, str]:
    """Conditions of the whole run."""
    spec = header.spec
    found = {
        "harness": "inspect",
        "harness_version": table(spec.get("packages")).get("inspect_ai"),
        "model": spec.get("model"),
        "model_args": _set(spec.get("model_args")) or None,
    }
    return _texts(found)


def seconds(header: Header) -> float | None:
    """From the first to the last moment of the run."""
    try:
        first, last = (
            datetime.fromisoformat(str(header.stats.get(k))) for k in ("started_at", "completed_at")
        )
        took = (last - first).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return took if took >= 0 else None


def _template(header: Header) -> str | None:
    """The chain of solvers and the task's arguments: a fingerprint, and their names so that a
    person knows them."""
    steps = [table(step) for step in listed(header.plan.get("steps"))]
    arguments = header.spec.get("task_args_passed") or header.spec.get("task_args")
    parts = [[step.get("solver"), _plain(step.get("params"))] for step in steps]
    if not parts and not arguments:
        return None
    shown = " → ".join(str(step.get("solver")) for step in steps)
    if arguments:
        shown = f"{shown} {text(arguments)}".strip()
    return f"{shown[:LONGEST]} #{fingerprint(parts, _plain(arguments))[:8]}"


def _judge(spec: Mapping[str, Any]) -> str | None:
    """Scorers with what they were given, and models with a role of their own."""
    scorers = [table(s) for s in listed(spec.get("scorers"))]
    found = [
        f"{s.get('name')}{f' {text(options)}' if (options := _set(s.get('options'))) else ''}"
        for s in scorers
    ]
    roles = table(spec.get("model_roles"))
    found += [f"{role} is {_model(model)}" for role, model in roles.items()]
    said = ADDRESS.sub("", "; ".join(found))
    return (
        None
        if not said
        else said
        if len(said) <= LONGEST
        else f"{said[:LONGEST]}… #{fingerprint(said)[:8]}"
    )


def _set(options: Any) -> dict[str, Any]:
    return {key: value for key, value in table(options).items() if value is not None}


def _model(role: Any) -> str:
    """One model, or several for one role."""
    models = [
        table(m).get("model") if isinstance(m, dict) else m
        for m in (role if isinstance(role, list) else [role])
    ]
    return " and ".join(str(m) for m in models)


def _limit(config: Mapping[str, Any]) -> str | None:
    if config.get("sample_id") is not None:
        return f"samples {text(config['sample_id'])}"
    return text(config.get("limit"))


def _plain(value: Any) -> Any:
    return None if value is None else ADDRESS.sub("", text(value) or "")


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    return {key: said for key, value in found.items() if (said := name(text(value))) is not None}
