"""Small logs of inspect, lighteval, HELM and NeMo Evaluator as bytes: to be read in tests, and
mutated by the fuzzer.

Written by hand to the schemas of inspect_ai 0.3.285, lighteval 0.13.0 (and 0.8.1 for the flat
layout), crfm-helm 0.5.16 and nemo-evaluator 0.3.0. What these tools wrote themselves lies in
``real/``.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from typing import Any

import polars as pl

if sys.version_info >= (3, 14):
    import zipfile
else:
    from backports.zstd import zipfile

STAMP = "2026-01-02T03-04-05.678901"
ZSTD, DEFLATED = zipfile.ZIP_ZSTANDARD, zipfile.ZIP_DEFLATED


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


# ------------------------------------------------------------------------------------------------------------
# inspect


def sample(
    id: Any, said: str, target: Any, *, epoch: int = 1, scores: Any = None, **more: Any
) -> dict[str, Any]:
    """A question without options, scored by ``match`` where no scores are given."""
    right = "C" if said == target else "I"
    return {
        "id": id,
        "epoch": epoch,
        "input": f"Question {id}?",
        "target": target,
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": f"Question {id}?"},
            {"role": "assistant", "content": said},
        ],
        "output": {
            "model": "org/m",
            "choices": [{"message": {"content": said}}],
            "completion": said,
        },
        "scores": {"match": {"value": right, "answer": said}} if scores is None else scores,
        "metadata": {"topic": "even" if str(id).endswith(("0", "2", "4")) else "odd"},
        "events": [{"event": "state", "changes": []}],
        "total_time": 0.5,
        **more,
    }


def asked(id: Any, letter: str, target: str, **more: Any) -> dict[str, Any]:
    """A question with three options, scored by ``choice``."""
    scores = {"choice": {"value": "C" if letter == target else "I", "answer": letter}}
    return sample(
        id, f"ANSWER: {letter}", target, choices=["north", "south", "east"], scores=scores, **more
    )


def spec(task: str = "quiz", model: str = "org/m", **more: Any) -> dict[str, Any]:
    return {
        "task": task,
        "task_id": f"{task}-id",
        "task_version": 1,
        "task_args_passed": {"level": "easy"},
        "created": "2026-01-02T03:04:05+00:00",
        "dataset": {"name": "words", "samples": 5},
        "model": model,
        "model_args": {"dtype": "float16", "other": None},
        "config": {"epochs": 1, "limit": 5},
        "packages": {"inspect_ai": "0.3.285"},
        "scorers": [{"name": "match", "options": {"location": "end"}}],
        **more,
    }


def inspect_head(status: str = "success", **more: Any) -> dict[str, Any]:
    plan = {
        "steps": [{"solver": "generate", "params": {}}],
        "config": {"temperature": 0.0, "seed": 7, "max_connections": 9},
    }
    took = {"started_at": "2026-01-02T03:04:05+00:00", "completed_at": "2026-01-02T03:04:15+00:00"}
    return {"version": 2, "status": status, "eval": spec(**more), "plan": plan, "stats": took}


def inspect_eval(
    samples: Sequence[dict[str, Any]],
    *,
    head: dict[str, Any] | None = None,
    method: int = ZSTD,
    header: bool = True,
) -> bytes:
    """A ``.eval``; without ``header`` as it lies there while the run goes on."""
    head = inspect_head() if head is None else head
    members = {"_journal/start.json": {k: head[k] for k in ("version", "eval", "plan")}}
    members |= {f"samples/{s['id']}_epoch_{s['epoch']}.json": s for s in samples}
    members |= {"summaries.json": [], "header.json": head} if header else {}
    return zipped({name: dumped(value) for name, value in members.items()}, method)


def zipped(members: dict[str, bytes], method: int = ZSTD) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def quiz() -> list[dict[str, Any]]:
    """Five questions; the first two are answered right."""
    said = [("a", "a"), ("b", "b"), ("x", "c"), ("y", "d"), ("z", "e")]
    return [sample(k, answer, target) for k, (answer, target) in enumerate(said)]


# ----------------------------------------------------------------------------------------------------------
# lighteval


def parquet(rows: Sequence[dict[str, Any]], **schema: Any) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None).write_parquet(out)
    return out.getvalue()


def detail(
    id: str, choices: list[str], gold: Any, *, mark: str = "", **more: Any
) -> dict[str, Any]:
    """One row; ``more`` are ``metric``, and fields of the response, and ``specific``."""
    doc = {
        "query": f"Question {id}?",
        "choices": choices,
        "gold_index": gold,
        "id": id,
        "task_name": "quiz|5",
        "specific": more.pop("specific", {"topic": "even" if id in "024" else "odd"}),
    }
    response = {
        "input": f"Shots. Question {id}?",
        "text": [],
        "logprobs": [],
        "output_tokens": [],
        **more,
    }
    metric = response.pop("metric")
    return {
        f"{mark}doc{mark}": doc,
        f"{mark}metric{mark}": metric,
        f"{mark}model_response{mark}": response,
    }


def likely(id: str, logs: list[float], gold: int, **more: Any) -> dict[str, Any]:
    """A question with options of different length; ``acc`` by log-probability, ``acc_norm`` by
    characters."""
    options = [" ab", " abcdefgh", " abcd"][: len(logs)]
    by_length = [v / (len(o) - 1) for v, o in zip(logs, options, strict=True)]
    metric = {
        "acc": float(logs.index(max(logs)) == gold),
        "acc_norm": float(by_length.index(max(by_length)) == gold),
    }
    return detail(id, options, [gold], metric=metric, logprobs=logs, **more)


def details() -> list[dict[str, Any]]:
    """By log-probability right, wrong, right, right; by characters right, right, wrong, right."""
    rows = [
        ([-1.0, -9.0, -9.0], 0),
        ([-1.0, -2.0, -3.0], 1),
        ([-1.0, -2.0, -3.0], 0),
        ([-9.0, -9.0, -1.0], 2),
    ]
    return [likely(str(k), logs, gold) for k, (logs, gold) in enumerate(rows)]


def lighteval_results(model: str = "org/m", **more: Any) -> dict[str, Any]:
    return {
        "config_general": {
            "lighteval_sha": "abc123",
            "max_samples": 4,
            "model_name": model,
            "model_config": {
                "model_name": model,
                "dtype": "bfloat16",
                "generation_parameters": {"temperature": 0.0},
            },
            "total_evaluation_time_secondes": "12.5",
        },
        "config_tasks": {"quiz|5": {"num_fewshots": 5, "prompt_function": "ask"}},
        "versions": {"quiz|5": 0},
        **more,
    }


def leaderboard() -> list[dict[str, Any]]:
    """Rows of the flat layout: no ids, two of them alike."""
    rows = [("Is it?", [-1.0, -2.0], 0), ("Is it?", [-2.0, -1.0], 0), ("Was it?", [-3.0, -1.0], 1)]
    return [
        {
            "example": question,
            "full_prompt": f"Shots. {question}",
            "choices": ["yes", "no"],
            "gold_index": [gold],
            "gold": [],
            "predictions": logs,
            "cont_tokens": [[1], [2]],
            "num_asked_few_shots": 25,
            "metrics": {"acc": float(logs.index(max(logs)) == gold)},
        }
        for question, logs, gold in rows
    ]


# ---------------------------------------------------------------------------------------------------------------
# HELM


def helm_spec(model: str = "org/m", method: str = "generation", **more: Any) -> dict[str, Any]:
    adapter = {
        "method": method,
        "instructions": "Answer.",
        "max_train_instances": 5,
        "max_eval_instances": 4,
        "num_train_trials": 1,
        "temperature": 0.0,
        "max_tokens": 5,
        "model": model,
        "model_deployment": model,
        **more,
    }
    return {"name": f"quiz:subject=words,model={model.replace('/', '_')}", "adapter_spec": adapter}


def stat(name: str, value: float, **more: Any) -> dict[str, Any]:
    return {
        "name": {"name": name, "split": "test"},
        "count": 1,
        "sum": value,
        "mean": value,
        **more,
    }


def instance_stats(
    id: str, *stats: dict[str, Any], trial: int = 0, perturbation: str | None = None
) -> dict[str, Any]:
    found = {"instance_id": id, "train_trial_index": trial, "stats": list(stats)}
    return (
        found
        if perturbation is None
        else {**found, "perturbation": {"name": perturbation, "robustness": True}}
    )


def helm_state(id: str, said: str, correct: int = 0, **more: Any) -> dict[str, Any]:
    """A request with its result; the references are yes and no."""
    references = [
        {"output": {"text": o}, "tags": ["correct"] if k == correct else []}
        for k, o in enumerate(("yes", "no"))
    ]
    instance = {
        "id": id,
        "input": {"text": f"Question {id}?"},
        "references": references,
        "split": "test",
    }
    if "perturbation" in more:
        instance["perturbation"] = {"name": more.pop("perturbation"), "robustness": True}
    return {
        "instance": instance,
        "train_trial_index": 0,
        "request": {"prompt": f"Answer.\nQuestion {id}?"},
        "result": {"success": True, "completions": [{"text": said, "logprob": -1.0, "tokens": []}]},
        **more,
    }


def helm_run(
    entries: Sequence[dict[str, Any]], states: Sequence[dict[str, Any]] | None, **spec_fields: Any
) -> dict[str, bytes]:
    """File name → bytes of one run."""
    files = {
        "run_spec.json": dumped(helm_spec(**spec_fields)),
        "per_instance_stats.json": dumped(list(entries)),
    }
    if states is not None:
        files["scenario_state.json"] = dumped({"adapter_spec": {}, "request_states": list(states)})
    return files


def helm_quiz() -> dict[str, bytes]:
    """Three instances, right, wrong, right; the first also in lower case, wrong."""
    entries = [
        instance_stats(
            "id1",
            stat("num_references", 2),
            stat("exact_match", 1.0),
            stat("prefix_exact_match", 1.0),
        ),
        instance_stats(
            "id1", stat("exact_match", 0.0), stat("prefix_exact_match", 1.0), perturbation="lower"
        ),
        instance_stats("id2", stat("exact_match", 0.0), stat("prefix_exact_match", 0.0)),
        instance_stats("id3", stat("exact_match", 1.0), stat("prefix_exact_match", 1.0)),
        instance_stats("id2", stat("inference_runtime", 0.1)),
    ]
    states = [
        helm_state("id1", " yes"),
        helm_state("id1", " yes sir", perturbation="lower"),
        helm_state("id2", " maybe"),
        helm_state("id3", " no", 1),
    ]
    return helm_run(entries, states)


# ---------------------------------------------------------------------------------------------------------------
# NeMo


def problem(idx: Any, said: str, expected: str, *, repeat: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "problem_idx": idx,
        "repeat": repeat,
        "reward": float(said == expected),
        "scorer_rewards": {"scorer:long": float(len(said) > 1)},
        "prompt": f"Question {idx}?",
        "model_response": f"It is {said}.",
        "extracted_answer": said,
        "expected_answer": expected,
        "scoring_details": {"method": "exact"},
        "metadata": {"category": "even" if idx in (0, 2) else "odd"},
        "tokens": 3,
        "latency_ms": 250.0,
        **more,
    }


def problems() -> list[dict[str, Any]]:
    """Three problems, twice each: right and right, right and wrong, wrong and wrong."""
    said = [("a", "a"), ("bb", "x"), ("y", "z")]
    expected = ("a", "bb", "c")
    return [
        problem(k, pair[r], expected[k], repeat=r) for k, pair in enumerate(said) for r in (0, 1)
    ]


def nemo_bundle(model: str = "org/m", **more: Any) -> dict[str, Any]:
    return {
        "run_id": "eval-20260102T030405Z-words",
        "sdk_version": "0.3.0",
        "timestamp": "2026-01-02T03:04:05+00:00",
        "config": {
            "benchmark": "words",
            "model": model,
            "repeats": 2,
            "max_problems": 3,
            "temperature": 0.0,
            **more,
        },
        "benchmark": {"name": "words", "samples": 3, "repeats": 2, "scores": {}},
    }


def lines(rows: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(dumped(row) + b"\n" for row in rows)


def seeds() -> dict[str, dict[str, bytes]]:
    """Format module → {relative file name: bytes}: valid and small, one run each."""
    whole = {**inspect_head(task="asked"), "samples": [asked("p", "A", "A"), asked("q", "B", "C")]}
    quiz_name, flat_name = (
        f"details_quiz|5_{STAMP}.parquet",
        f"details_harness|arc:challenge|25_{STAMP}.parquet",
    )
    return {
        "inspect_ai": {"quiz.eval": inspect_eval(quiz()), "asked.json": dumped(whole)},
        "lighteval": {
            f"details/org/m/{STAMP}/{quiz_name}": parquet(details()),
            f"details/org/m/{STAMP}/{flat_name}": parquet(leaderboard()),
            f"results/org/m/results_{STAMP}.json": dumped(lighteval_results()),
        },
        "helm": helm_quiz(),
        "nemo": {
            "results.jsonl": lines(problems()),
            "eval-20260102T030405Z-words.json": dumped(nemo_bundle()),
        },
    }
