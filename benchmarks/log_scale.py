"""A million rows of two models' lm-eval logs, from JSON lines to the report: at most 60 s and 2 GB
on two cores.

    python benchmarks/log_scale.py [--rows 1000000] [--keep FOLDER]

The command is the one a person runs, as a process of its own: reading both sides, comparability,
findings on 57 subjects, exemplars, the page and everything beside it. Memory is the peak of that
process.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SECONDS, MEGABYTES = 60.0, 2000.0
SUBJECTS = 57
STAMP = "2026-01-02T03-04-05.678901"


def write_log(folder: Path, rows: int, seed: int, flipped: float) -> float:
    """A folder of lm-eval's layout with one task of four options; returns its size in MB. Documents
    are equal for all seeds; ``flipped`` is the share of rows on which the model answers at
    random."""
    folder.mkdir(parents=True)
    documents, answers = np.random.default_rng(0), np.random.default_rng(seed)
    gold_N, subject_N = documents.integers(0, 4, rows), documents.integers(0, SUBJECTS, rows)
    choice_N = np.where(documents.random(rows) < 0.6, gold_N, (gold_N + 1) % 4)
    choice_N = np.where(answers.random(rows) < flipped, answers.integers(0, 4, rows), choice_N)
    path = folder / f"samples_exam_{STAMP}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, rows, 10_000):
            stop = min(start + 10_000, rows)
            logs_NK = -1 - 9 * answers.random((stop - start, 4))
            logs_NK[np.arange(stop - start), choice_N[start:stop]] = -0.5
            file.writelines(
                _row(
                    n,
                    int(gold_N[n]),
                    int(choice_N[n]),
                    int(subject_N[n]),
                    logs_NK[n - start].tolist(),
                )
                for n in range(start, stop)
            )
    return path.stat().st_size / 1e6


def _row(n: int, gold: int, choice: int, subject: int, logs: list[float]) -> str:
    question = (
        f"Question {n}: which of the four statements about subject {subject} holds, given what was "
        "said before?"
    )
    options = [f"statement {n % 97} number {k}" for k in range(4)]
    pairs = [[repr(value), str(k == choice)] for k, value in enumerate(logs)]
    right = float(choice == gold)
    row = {
        "doc_id": n,
        "doc": {
            "question": question,
            "subject": f"subject {subject}",
            "choices": options,
            "answer": gold,
        },
        "target": str(gold),
        "arguments": {
            f"gen_args_{k}": {"arg_0": f"{question}\nAnswer:", "arg_1": f" {o}"}
            for k, o in enumerate(options)
        },
        "resps": [[pair] for pair in pairs],
        "filtered_resps": pairs,
        "filter": "none",
        "metrics": ["acc"],
        "doc_hash": hashlib.sha256(question.encode()).hexdigest(),
        "prompt_hash": hashlib.sha256(f"p{n}".encode()).hexdigest(),
        "target_hash": hashlib.sha256(str(gold).encode()).hexdigest(),
        "acc": right,
    }
    return json.dumps(row) + "\n"


def audited(place: Path) -> tuple[float, float]:
    """Wall seconds and peak MB of the command."""
    command = [
        sys.executable, "-m", "undertow", "audit", str(place / "old"), "--against", str(place / "new"),
        "--by", "subject", "--out", str(place / "audit"),
    ]  # fmt: skip
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    took = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr)
    print(done.stdout.split("\n\n")[1])
    return took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, default=None, help="write the logs here and keep them")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        place = chosen.keep or Path(made)
        sizes = [
            write_log(place / name, chosen.rows, seed, flipped)
            for name, seed, flipped in (("old", 1, 0.02), ("new", 2, 0.05))
            if not (place / name).exists()
        ]
        took, peak = audited(place)
    print(
        f"{chosen.rows:,} rows of two models, {sum(sizes):,.0f} MB of JSON lines, "
        f"{os.cpu_count()} cores"
    )
    limits = f"limits {SECONDS:.0f} s and {MEGABYTES:,.0f} MB"
    print(f"from the files to the report: {took:.1f} s, peak {peak:,.0f} MB ({limits})")
    raise SystemExit(took > SECONDS or peak > MEGABYTES)


if __name__ == "__main__":
    main()
