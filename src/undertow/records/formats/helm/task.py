"""Turns one run of HELM into columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.values import fingerprint, known, name, table
from undertow.records.formats.helm.answers import Answer, Answers, Instance, answers_of
from undertow.records.formats.helm.conditions import run_conditions, task_conditions
from undertow.records.formats.helm.files import STATS, RunSpec, file_of
from undertow.records.formats.helm.rows import Key, statistics_of
from undertow.records.formats.logs.member import Part
from undertow.records.formats.logs.outcome import Outcome, choose_outcome, values_of
from undertow.records.formats.logs.slices import with_metadata
from undertow.records.formats.logs.texts import kept_input, kept_output, text_column
from undertow.records.reading import Reading

PREFERRED = (
    "exact_match", "quasi_exact_match", "quasi_prefix_exact_match", "prefix_exact_match",
    "accuracy", "math_equiv_chain_of_thought", "math_equiv", "f1_score", "rouge_l",
)  # fmt: skip
"""Most of HELM's groups have one of the first three as main metric; a run does not say which."""
NEVER = frozenset({
    "prompt_truncated", "max_prob", "predicted_index", "logprob", "batch_size", "num_references",
    "num_train_trials",
})  # fmt: skip
NOT_OUTCOMES = (
    "num_", "finish_reason_", "inference_", "training_", "estimated_", "max_num_", "logprob_",
)  # fmt: skip
"""Beginnings of the names of statistics that are about the run."""
LESS_IS_BETTER = frozenset({
    "toxic_frac", "error_rate", "refusal_rate", "wer_score", "max_toxicity_probability",
    "expected_max_toxicity", "decodingtrust_privacy_leakage_rate", "ece_1_bin", "ece_10_bin",
})  # fmt: skip
MULTIPLE_CHOICE = "multiple_choice"
NO_INSTANCE = Instance(None, (), (), None, None, {})
NO_ANSWER = Answer(None, None, None, None)


def to_part(folder: Path, spec: RunSpec, reading: Reading) -> Part:
    """Reads one run. Raises ``TableError`` where no statistic can be the outcome."""
    path = file_of(folder, STATS)
    if path is None:
        raise TableError(f"{folder}: has no {STATS}.json; expected a folder that helm-run wrote")
    keys, values = statistics_of(path)
    if not values:
        raise TableError(
            f"{path}: holds no statistic of an instance; expected a run that was scored"
        )
    never = NEVER | {n for n in values if n.startswith(NOT_OUTCOMES)}
    outcome = choose_outcome(
        str(path),
        {n: values_of(column) for n, column in values.items()},
        reading.metric,
        preferred=PREFERRED,
        never=never,
        less_is_better=LESS_IS_BETTER,
    )
    pattern = spec.adapter.get("output_mapping_pattern")
    answers = answers_of(folder, _predicted(keys, values), pattern)
    frame, said = _frame(keys, spec, outcome, answers, reading)
    without = f"{folder}: keeps no answers (no scenario_state.json), only scores."
    return Part(
        spec.task,
        frame,
        outcome.metric,
        task_conditions(spec),
        run_conditions(spec),
        notes=(*outcome.notes, *([] if answers.answers else [without]), *said),
    )


def _predicted(keys: Sequence[Key], values: Mapping[str, Sequence[float | None]]) -> dict[Key, int]:
    """Returns the option that the metrics took, where each was asked about alone."""
    given = values.get("predicted_index", ())
    return {
        key: int(v) for key, v in zip(keys, given, strict=False) if v is not None and abs(v) < 2**31
    }


def _frame(
    keys: Sequence[Key], spec: RunSpec, outcome: Outcome, found: Answers, reading: Reading
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    instances = [found.instances.get(key[:2], NO_INSTANCE) for key in keys]
    answers = [found.answers.get(key, NO_ANSWER) for key in keys]
    ids = [f"{spec.task}/{i}" + (f"/{p}" if p else "") for i, p, _ in keys]
    columns = [
        text_column("example_id", ids),
        text_column("task", [spec.task] * len(keys)),
        outcome.column,
        *_perturbed(spec.task, keys),
    ]
    if found.answers:
        columns += _words(instances, answers, reading)
        columns += _options(spec, instances, answers)
    extra = [_metadata(instance) for instance in instances]
    return with_metadata(pl.DataFrame(columns), extra, reading, spec.task)


def _perturbed(task: str, keys: Sequence[Key]) -> list[pl.Series]:
    """Perturbations as a slice. An instance and its perturbed versions are not independent."""
    if not any(perturbation for _, perturbation, _ in keys):
        return []
    return [
        text_column("perturbation", [p or "none" for _, p, _ in keys]),
        text_column("cluster", [f"{task}/{i}" for i, _, _ in keys]),
        text_column("cluster_from", ["instance"] * len(keys)),
    ]


def _words(
    instances: Sequence[Instance], answers: Sequence[Answer], reading: Reading
) -> list[pl.Series]:
    said = [a.output if a.mapped is None else a.mapped for a in answers]
    prompts = [None if a.prompt is None else fingerprint(a.prompt) for a in answers]
    targets = [" | ".join(i.references[k] for k in i.correct) or None for i in instances]
    columns = [
        text_column("answer", [None if s is None else s.strip() for s in said]),
        kept_output(text_column("target", targets)),
        text_column("content_hash", [_fingerprint(i) for i in instances]),
        text_column("prompt_hash", prompts),
    ]
    if reading.inputs:
        shown = [a.prompt or i.input for a, i in zip(answers, instances, strict=True)]
        columns.append(kept_input(text_column("input", shown)))
        columns.append(kept_output(text_column("output", [a.output for a in answers])))
    return columns


def _fingerprint(instance: Instance) -> str | None:
    if instance is NO_INSTANCE:
        return None
    return fingerprint(instance.input, instance.references, instance.correct)


def _options(
    spec: RunSpec, instances: Sequence[Instance], answers: Sequence[Answer]
) -> list[pl.Series]:
    """Adds choice and label where every instance of a multiple-choice run has one right option."""
    method = name(spec.adapter.get("method")) or ""
    single = all(len(i.correct) == 1 and len(i.references) > 1 for i in instances)
    if not method.startswith(MULTIPLE_CHOICE) or not single:
        return []
    chosen = [_chosen(i, a) for i, a in zip(instances, answers, strict=True)]
    return [
        pl.Series("choice", chosen, dtype=pl.Int32),
        pl.Series("label", [i.correct[0] for i in instances], dtype=pl.Int32),
    ]


def _chosen(instance: Instance, answer: Answer) -> int | None:
    """Returns the option asked about, or the only one with the mapped text."""
    if answer.reference is not None:
        return answer.reference if answer.reference < len(instance.references) else None
    same = [k for k, option in enumerate(instance.references) if option == answer.mapped]
    return same[0] if len(same) == 1 else None


def _metadata(instance: Instance) -> Mapping[str, Any]:
    splits = {"split": instance.split, "sub_split": instance.sub_split}
    return {**table(instance.extra), **known(splits)}
