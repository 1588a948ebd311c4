"""Says how a run of inspect was made, from the specification and plan in its header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from undertow.records.formats.decoding.values import fingerprint, known, listed, table, text, texts
from undertow.records.formats.inspect_ai.files import Header

DECODING = (
    "temperature", "top_p", "top_k", "max_tokens", "stop_seqs", "best_of", "num_choices",
    "frequency_penalty", "presence_penalty", "logit_bias", "system_message", "reasoning_effort",
    "reasoning_tokens", "effort", "response_schema", "extra_body",
)  # fmt: skip
"""What of ``GenerateConfig`` changes an output, besides the seed. The rest is about connections."""
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
LONGEST = 80


def task_conditions(header: Header) -> dict[str, str]:
    """Returns the conditions of the task."""
    spec, config = header.spec, table(header.spec.get("config"))
    generate = {**table(spec.get("model_generate_config")), **table(header.plan.get("config"))}
    found = {
        "task_version": spec.get("task_version"),
        "template": _template(header),
        "decoding": known(generate, DECODING) or "the model's own",
        "judge": _judge(spec),
        "repeats": _repeats(config),
        "limit": _limit(config),
        "seeds": generate.get("seed"),
    }
    return texts(found)


def run_conditions(header: Header) -> dict[str, str]:
    """Returns the conditions of the whole run."""
    spec = header.spec
    found = {
        "harness": "inspect",
        "harness_version": table(spec.get("packages")).get("inspect_ai"),
        "model": spec.get("model"),
        "model_args": known(spec.get("model_args")) or None,
    }
    return texts(found)


def seconds(header: Header) -> float | None:
    """Returns the seconds from the first to the last moment of the run."""
    try:
        first, last = (
            datetime.fromisoformat(str(header.stats.get(k))) for k in ("started_at", "completed_at")
        )
        took = (last - first).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return took if took >= 0 else None


def _repeats(config: Mapping[str, Any]) -> str | None:
    """Returns how many, and by what they are reduced where that is not their mean."""
    epochs = config.get("epochs")
    reducers = [r for r in listed(config.get("epochs_reducer")) if r != "mean"]
    by = f" ({text(reducers)})" if reducers else ""
    return None if epochs is None else f"{epochs}{by}"


def _template(header: Header) -> str | None:
    """Names the chain of solvers and the task's arguments, with a fingerprint of all of them."""
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
    """Names scorers with their options, and models with a role of their own."""
    roles = table(spec.get("model_roles"))
    found = [_scorer(table(s)) for s in listed(spec.get("scorers"))]
    found += [f"{role} is {_model(model)}" for role, model in roles.items()]
    said = ADDRESS.sub("", "; ".join(found))
    if len(said) > LONGEST:
        return f"{said[:LONGEST]}… #{fingerprint(said)[:8]}"
    return said or None


def _scorer(scorer: Mapping[str, Any]) -> str:
    options = known(scorer.get("options"))
    return f"{scorer.get('name')} {text(options)}" if options else str(scorer.get("name"))


def _model(role: Any) -> str:
    """Names the model of a role, or several."""
    models = role if isinstance(role, list) else [role]
    return " and ".join(str(m.get("model") if isinstance(m, dict) else m) for m in models)


def _limit(config: Mapping[str, Any]) -> str | None:
    if config.get("sample_id") is not None:
        return f"samples {text(config['sample_id'])}"
    return text(config.get("limit"))


def _plain(value: Any) -> Any:
    return None if value is None else ADDRESS.sub("", text(value) or "")
