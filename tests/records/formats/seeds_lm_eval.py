"""Small lm-eval logs as bytes, of each layout there is: to be read in tests, and to be mutated by
the fuzzer."""

from __future__ import annotations

import hashlib
import json
from typing import Any

STAMP = "2026-01-02T03-04-05.678901"
WORDS = ("north", "south", "east", "west")


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def arguments(pairs: list[tuple[Any, ...]]) -> dict[str, dict[str, Any]]:
    return {
        f"gen_args_{i}": {f"arg_{j}": part for j, part in enumerate(pair)}
        for i, pair in enumerate(pairs)
    }


def row(
    doc_id: int,
    doc: Any,
    target: str,
    pairs: list[tuple[Any, ...]],
    resps: list[Any],
    **scores: Any,
) -> dict:
    """One row as lm-eval 0.4.13 writes it; ``resps`` has one response per request."""
    return {
        "doc_id": doc_id,
        "doc": doc,
        "target": target,
        "arguments": arguments(pairs),
        "resps": [[r] for r in resps],
        "filtered_resps": resps,
        "filter": "none",
        "metrics": list(scores),
        "doc_hash": sha(json.dumps(doc, indent=2, ensure_ascii=False)),
        "prompt_hash": sha(str(pairs[0][0]) if pairs and pairs[0] else ""),
        "target_hash": sha(target),
        **scores,
    }


def choice(
    doc_id: int, logs: list[float], gold: int, *, options: tuple[str, ...] = WORDS, **doc: Any
) -> dict:
    """A question with options, scored by ``acc``; the model chooses the largest of ``logs``."""
    question = f"Where does {doc_id} lie?"
    acc = float(max(range(len(logs)), key=lambda k: logs[k]) == gold)
    pairs = [(f"{question}\nAnswer:", f" {option}") for option in options[: len(logs)]]
    fields = {"question": question, "choices": list(options), "answer": gold, **doc}
    return row(doc_id, fields, str(gold), pairs, [[str(log), "False"] for log in logs], acc=acc)


def generation(doc_id: int, answer: Any, target: str, **scores: Any) -> dict:
    """A text that a model wrote; scored by ``exact_match`` where nothing else is given."""
    scores = scores or {"exact_match": float(answer == target)}
    asked = {"until": ["\n"], "do_sample": False}
    return row(
        doc_id, {"q": f"q{doc_id}"}, target, [(f"Q: q{doc_id}\nA:", asked)], [answer], **scores
    )


def lines(rows: list[dict]) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode()


def quiz(*, shift: float = 0.0) -> list[dict]:
    """Six questions, two subjects; with ``shift`` the first answer turns wrong."""
    return [
        choice(0, [-1.0, -2.0 + 2 * shift, -3.0, -4.0], 0, subject="places"),
        choice(1, [-4.0, -1.5, -3.0, -4.0], 1, subject="places"),
        choice(2, [-1.0, -2.0, -3.0, -0.5], 3, subject="places"),
        choice(3, [-1.0, -2.0, -3.0, -4.0], 2, subject="signs"),
        choice(4, [-1.0, -0.25, -3.0], 1, subject="signs"),
        choice(5, [float("-inf"), -2.0, -3.0, -4.0], 1, subject="signs"),
    ]


def results(model: str = "org/model", **changed: Any) -> dict[str, Any]:
    """Aggregated results as they lie beside the samples of the tasks ``quiz`` and ``sums``."""
    tasks = ("quiz", "sums")
    return {
        "results": {"quiz": {"acc,none": 0.5}},
        "configs": {t: {"task": t, "doc_to_text": "{{question}}", "repeats": 1} for t in tasks},
        "versions": dict.fromkeys(tasks, 1.0),
        "n-shot": dict.fromkeys(tasks, 0),
        "higher_is_better": {"quiz": {"acc": True}, "sums": {"exact_match": True}},
        "n-samples": {t: {"original": 6, "effective": 6} for t in tasks},
        "config": {
            "model": "hf", "model_args": {"pretrained": model}, "batch_size": 1, "device": "cpu", "limit": None,
            "model_dtype": "torch.float32", "random_seed": 0, "numpy_seed": 1234, "torch_seed": 1234,
            "fewshot_seed": 1234,
        },
        "lm_eval_version": "0.4.13",
        "model_name": model,
        "model_source": "hf",
        "chat_template": None,
        "chat_template_sha": None,
        "total_evaluation_time_seconds": "12.5",
        **changed,
    }  # fmt: skip


def old_layout(rows: list[dict]) -> list[dict]:
    """The same from before August 2024: nested lists of arguments, no list of metrics, no filter,
    no hashes."""
    dropped = {"metrics", "filter", "doc_hash", "prompt_hash", "target_hash"}
    old = [{k: v for k, v in r.items() if k not in dropped} for r in rows]
    return [{**r, "arguments": [list(a.values()) for a in r["arguments"].values()]} for r in old]


def two_filters() -> list[dict]:
    strict = [generation(i, str(i), str(i % 2)) for i in range(4)]
    flexible = [
        {**r, "filter": "flexible", "filtered_resps": [r["target"]], "exact_match": 1.0}
        for r in strict
    ]
    return [{**r, "filter": "strict"} for r in strict] + flexible


def seeds() -> dict[str, bytes]:
    """Valid files, name → bytes: options, text, filters, old rows, one continuation, two contexts,
    results."""
    said = [row(i, {"t": i}, " x", [("a b", " x")], [["-0.5", str(i == 0)]], perplexity=-0.5, acc=int(i == 0))
            for i in range(2)]  # fmt: skip
    contexts = [
        row(i, {"answer": "1"}, "ran.", [("Ann saw Bo so "
                                          "Ann", " ran."), ("Ann saw Bo so Bo", " ran.")],
            [["-1.0", "False"], ["-2.0", "False"]], acc=float(i == 0))
        for i in range(2)
    ]  # fmt: skip
    return {
        f"samples_quiz_{STAMP}.jsonl": lines(quiz()),
        f"samples_sums_{STAMP}.jsonl": lines([generation(i, f"a{i}", "a1") for i in range(4)]),
        f"samples_filters_{STAMP}.jsonl": lines(two_filters()),
        f"samples_old_{STAMP}.jsonl": lines(old_layout(quiz())),
        f"samples_said_{STAMP}.jsonl": lines(said),
        f"samples_contexts_{STAMP}.jsonl": lines(contexts),
        f"results_{STAMP}.json": json.dumps(results(), indent=2).encode(),
    }
