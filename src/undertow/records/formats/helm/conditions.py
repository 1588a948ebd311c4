"""Says how a run of HELM was made, from its specification."""

from __future__ import annotations

from undertow.records.formats.decoding.values import fingerprint, known, name, text, texts
from undertow.records.formats.helm.files import RunSpec

TEMPLATE = (
    "method", "global_prefix", "global_suffix", "instructions", "input_prefix", "input_suffix",
    "reference_prefix", "reference_prefix_characters", "reference_suffix",
    "chain_of_thought_prefix", "chain_of_thought_suffix", "output_prefix", "output_suffix",
    "instance_prefix", "substitutions",
)  # fmt: skip
"""What of HELM's ``AdapterSpec`` makes the prompt, besides the few-shot count."""
DECODING = ("temperature", "max_tokens", "stop_sequences", "num_outputs")


def task_conditions(spec: RunSpec) -> dict[str, str]:
    """Returns the conditions of the task."""
    adapter = spec.adapter
    method = text(adapter.get("method")) or "prompt"
    return texts(
        {
            "fewshot": adapter.get("max_train_instances"),
            "template": f"{method} #{fingerprint(known(adapter, TEMPLATE))[:8]}",
            "decoding": known(adapter, DECODING) or None,
            "judge": spec.annotators or None,
            "repeats": adapter.get("num_train_trials"),
            "limit": adapter.get("max_eval_instances"),
            "seeds": adapter.get("random"),
        }
    )


def run_conditions(spec: RunSpec) -> dict[str, str]:
    """Returns the conditions of the whole run."""
    deployment = name(spec.adapter.get("model_deployment"))
    arguments = {} if deployment in (None, spec.model) else {"model_args": deployment}
    return texts({"harness": "HELM", "model": spec.model, **arguments})
