"""One run of HELM to columns: a row per instance, perturbation and train trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.json import read_json
from undertow.records.formats.decoding.values import fingerprint, name, number, table
from undertow.records.formats.helm.answers import Answer, Answers, Instance, Key, answers_of, key_of
from undertow.records.formats.helm.files import STATS, RunSpec, file_of
from undertow.records.formats.logs.member import Part
from undertow.records.formats.logs.outcome import Outcome, choose_outcome, values_of
from undertow.records.formats.logs.slices import with_metadata
from undertow.records.formats.logs.texts import kept_input, kept_output
from undertow.records.reading import Reading

PREFERRED = (
    "exact_match", "quasi_exact_match", "quasi_prefix_exact_match", "prefix_exact_match",
    "accuracy", "math_equiv_chain_of_thought", "math_equiv", "f1_score", "rouge_l",
)  # fmt: skip
"""Most of HELM's groups have one of the first three as their main metric; which is theirs is not in
a run's folder."""
NEVER = frozenset(
    {
        "prompt_truncated",
        "max_prob",
        "predicted_index",
        "logprob",
        "batch_size",
        "num_references",
        "num_train_trials",
    }
)
NOT_OUTCOMES = (
    "num_",
    "finish_reason_",
    "inference_",
    "training_",
    "estimated_",
    "max_num_",
    "logprob_",
)
"""Beginnings of the names of statistics that are about the run."""
LESS_IS_BETTER = frozenset({
    "toxic_frac", "error_rate", "refusal_rate", "wer_score", "max_toxicity_probability",
    "expected_max_toxicity", "decodingtrust_privacy_leakage_rate", "ece_1_bin", "ece_10_bin",
})  # fmt: skip
MULTIPLE_CHOICE = "multiple_choice"
NO_INSTANCE = Instance(None, (), (), None, None, {})
NO_ANSWER = Answer(None, None, None, None)


class _Name(msgspec.Struct):
    name: Any = None


class _Stat(msgspec.Struct):
    name: _Name | None = None
    count: Any = None
    sum: Any = None
    mean: Any = None


class _PerInstance(msgspec.Struct):
    instance_id: Any = None
    perturbation: Any = None
    train_trial_index: Any = None
    stats: list[_Stat] = []


def to_part(folder: Path, spec: RunSpec, reading: Reading) -> Part:
    """Raises ``TableError`` where no statistic can be the outcome."""
    path = file_of(folder, STATS)
    if path is None:
        raise TableError(f"{folder}: has no {STATS}.json; want a folder that helm-run wrote")
    keys, values = _stats(path)
    if not values:
        raise TableError(f"{path}: holds no statistic of an instance; want a run that was scored")
    never = NEVER | {n for n in values if n.startswith(NOT_OUTCOMES)}
    outcome = choose_outcome(
        str(path),
        {n: values_of(column) for n, column in values.items()},
        reading.metric,
        preferred=PREFERRED,
        never=never,
        less_is_better=LESS_IS_BETTER,
    )
    given = values.get("predicted_index", [None] * len(keys))
    chosen = {
        key: int(v) for key, v in zip(keys, given, strict=True) if v is not None and abs(v) < 2**31
    }
    answers = answers_of(folder, chosen, spec.adapter.get("output_mapping_pattern"))
    said = (
        ()
        if answers.answers
        else (f"{folder}: keeps no answers (no scenario_state.json), only scores.",)
    )
    frame, shared = _frame(keys, spec, outcome, answers, reading)
    return Part(
        spec.task,
        frame,
        outcome.metric,
        spec.conditions,
        spec.shared,
        (*outcome.notes, *said, *shared),
    )


def _stats(path: Path) -> tuple[list[Key], dict[str, list[float | None]]]:
    """All instances, sorted, and the mean of each statistic of each of them. Every metric wrote a
    list of its own."""
    found: dict[Key, dict[str, float | None]] = {}
    for entry in read_json(path, list[_PerInstance]):
        into = found.setdefault(
            key_of(entry.instance_id, entry.perturbation, entry.train_trial_index), {}
        )
        for stat in entry.stats:
            called = None if stat.name is None else name(stat.name.name)
            if called is not None:
                into.setdefault(called, _mean(stat))
    keys = sorted(found)
    names = dict.fromkeys(n for values in found.values() for n in values)
    return keys, {n: [found[key].get(n) for key in keys] for n in names}


def _mean(stat: _Stat) -> float | None:
    """Runs from before ``mean`` was written have the sum and the count."""
    if stat.mean is not None:
        return number(stat.mean)
    total, count = number(stat.sum), number(stat.count)
    return None if total is None or not count else total / count


def _frame(
    keys: Sequence[Key], spec: RunSpec, outcome: Outcome, found: Answers, reading: Reading
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    instances = [found.instances.get(key[:2], NO_INSTANCE) for key in keys]
    answers = [found.answers.get(key, NO_ANSWER) for key in keys]
    ids = [
        f"{spec.task}/{i}" + (f"/{perturbation}" if perturbation else "")
        for i, perturbation, _ in keys
    ]
    columns = [
        pl.Series("example_id", ids, dtype=pl.String),
        pl.Series("task", [spec.task] * len(keys), dtype=pl.String),
        outcome.column,
    ]
    if any(perturbation for _, perturbation, _ in keys):
        columns.append(
            pl.Series("perturbation", [p or "none" for _, p, _ in keys], dtype=pl.String)
        )
        # One instance and its perturbed versions are not independent.
        columns.append(
            pl.Series("cluster", [f"{spec.task}/{i}" for i, _, _ in keys], dtype=pl.String)
        )
        columns.append(pl.Series("cluster_from", ["instance"] * len(keys), dtype=pl.String))
    if found.answers:
        columns += _words(instances, answers, reading)
        columns += _options(spec, instances, answers)
    extra = [_metadata(instance) for instance in instances]
    return with_metadata(pl.DataFrame(columns), extra, reading, spec.task)


def _words(
    instances: Sequence[Instance], answers: Sequence[Answer], reading: Reading
) -> list[pl.Series]:
    said = [a.output if a.mapped is None else a.mapped for a in answers]
    prompts = [None if a.prompt is None else fingerprint(a.prompt) for a in answers]
    targets = [" | ".join(i.references[k] for k in i.correct) or None for i in instances]
    columns = [
        pl.Series("answer", [None if s is None else s.strip() for s in said], dtype=pl.String),
        kept_output(pl.Series("target", targets, dtype=pl.String)),
        pl.Series("content_hash", [_fingerprint(i) for i in instances], dtype=pl.String),
        pl.Series("prompt_hash", prompts, dtype=pl.String),
    ]
    if reading.inputs:
        shown = [a.prompt or i.input for a, i in zip(answers, instances, strict=True)]
        columns.append(kept_input(pl.Series("input", shown, dtype=pl.String)))
        columns.append(
            kept_output(pl.Series("output", [a.output for a in answers], dtype=pl.String))
        )
    return columns


def _fingerprint(instance: Instance) -> str | None:
    return (
        None
        if instance is NO_INSTANCE
        else fingerprint(instance.input, instance.references, instance.correct)
    )


def _options(
    spec: RunSpec, instances: Sequence[Instance], answers: Sequence[Answer]
) -> list[pl.Series]:
    """Choice and label of multiple-choice runs in which every instance has one right option."""
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
    """The option asked about, or the one with the mapped text where only one has it."""
    if answer.reference is not None:
        return answer.reference if answer.reference < len(instance.references) else None
    same = [k for k, option in enumerate(instance.references) if option == answer.mapped]
    return same[0] if len(same) == 1 else None


def _metadata(instance: Instance) -> Mapping[str, Any]:
    found = {"split": instance.split, "sub_split": instance.sub_split}
    return {
        **table(instance.extra),
        **{key: value for key, value in found.items() if value is not None},
    }
