"""Says how a run of NeMo Evaluator was made, from its ``eval-*.json``."""

from __future__ import annotations

from undertow.records.formats.decoding.values import fingerprint, known, number, text, texts
from undertow.records.formats.nemo.files import Bundle

DECODING = (
    "temperature", "max_tokens", "top_p", "top_k", "frequency_penalty", "presence_penalty", "stop",
)  # fmt: skip
LONGEST = 60


def task_conditions(bundle: Bundle) -> dict[str, str]:
    """Returns the conditions of the task."""
    config = bundle.config
    prompt = text(config.get("system_prompt"))
    repeats = number(bundle.benchmark.get("repeats")) or number(config.get("repeats"))
    return texts(
        {
            "decoding": known(config, DECODING) or None,
            "template": f"{prompt[:LONGEST]} #{fingerprint(prompt)[:8]}" if prompt else None,
            "repeats": None if repeats is None else f"{repeats:g}",
            "limit": config.get("max_problems"),
            "judge": config.get("judge"),
            "seeds": config.get("seed"),
        }
    )


def run_conditions(bundle: Bundle) -> dict[str, str]:
    """Returns the conditions of the whole run."""
    return texts(
        {
            "harness": "NeMo Evaluator",
            "harness_version": bundle.version,
            "model": bundle.config.get("model"),
        }
    )
