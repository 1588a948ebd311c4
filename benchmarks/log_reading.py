"""How fast lm-eval logs are read: at least 100 MB/s on one core, for rows of a multiple-choice
task.

    python benchmarks/log_reading.py [--megabytes 200] [--rows-of 2500] [--metric acc_norm]

Reading is end to end, from the file to a population in memory. Beside it, in the same run, a loop
of ``json.loads`` over the same lines, which keeps nothing. The file is read once before the clock
starts, so this is no test of the disk; and what counts is the processor's time, so that other work
on the machine does not show.
"""

from __future__ import annotations

import os

# One core, whatever the machine has; before polars is imported.
os.environ["POLARS_MAX_THREADS"] = "1"

import argparse
import hashlib
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from undertow.records import read_any

LIMIT = 100.0
TASK = "samples_noise_mc_2026-01-02T03-04-05.678901.jsonl"


def rows(size: int) -> Iterator[bytes]:
    """Rows as lm-eval writes them, of about ``size`` bytes, four options each."""
    rng = random.Random(0)
    words = [hashlib.md5(str(i).encode()).hexdigest()[: rng.randint(2, 9)] for i in range(2000)]
    subjects = words[:50]
    length = max((size - 1000) // 36, 1)
    number = 0
    while True:
        question = " ".join(rng.choices(words, k=length))
        options = [" ".join(rng.choices(words, k=3)) for _ in range(4)]
        context, gold = f"{question}\nAnswer:", rng.randrange(4)
        logs = [[str(-20 * rng.random()), "False"] for _ in options]
        norm = [float(pair[0]) / len(option) for pair, option in zip(logs, options, strict=True)]
        row = {
            "doc_id": number,
            "doc": {
                "question": question,
                "subject": rng.choice(subjects),
                "choices": options,
                "answer": gold,
            },
            "target": str(gold),
            "arguments": {
                f"gen_args_{k}": {"arg_0": context, "arg_1": f" {o}"} for k, o in enumerate(options)
            },
            "resps": [[pair] for pair in logs],
            "filtered_resps": logs,
            "filter": "none",
            "metrics": ["acc", "acc_norm"],
            "doc_hash": hashlib.sha256(question.encode()).hexdigest(),
            "prompt_hash": hashlib.sha256(context.encode()).hexdigest(),
            "target_hash": hashlib.sha256(str(gold).encode()).hexdigest(),
            "acc": float(max(range(4), key=lambda k: float(logs[k][0])) == gold),
            "acc_norm": float(max(range(4), key=lambda k: norm[k]) == gold),
        }
        yield json.dumps(row, ensure_ascii=False).encode() + b"\n"
        number += 1


def write(path: Path, size: int, *, megabytes: float) -> int:
    """How many rows it takes to fill the file."""
    written, count = 0, 0
    with path.open("wb") as file:
        for line in rows(size):
            written += file.write(line)
            count += 1
            if written >= megabytes * 1e6:
                return count
    return count


def loads(path: Path) -> float:
    started = time.process_time()
    with path.open("rb") as file:
        for line in file:
            json.loads(line)
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument(
        "--rows-of", type=int, default=2500, help="bytes a row, about; 1000 at least"
    )
    parser.add_argument("--metric", default=None)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / TASK
        count = write(path, chosen.rows_of, megabytes=chosen.megabytes)
        size = path.stat().st_size / 1e6
        plain = loads(path)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        started, clock = time.process_time(), time.perf_counter()
        records, _ = read_any([path], metric=chosen.metric)
        took, wall = time.process_time() - started, time.perf_counter() - clock
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert count == records.N
    print(
        f"{count:,} rows, {size:.0f} MB, {size * 1e6 / count:.0f} bytes a row, outcome "
        f"{records.manifest.metric}"
    )
    print(f"json.loads line by line  {plain:6.2f} s  {size / plain:5.0f} MB/s")
    print(
        f"read_any                 {took:6.2f} s  {size / took:5.0f} MB/s  ({wall:.2f} s by the "
        "clock)"
    )
    print(f"{plain / took:.1f} times as fast; memory {before:.0f} MB before, {peak:.0f} MB at most")
    print(f"limit {LIMIT:.0f} MB/s: {'within' if size / took >= LIMIT else 'BELOW'}")
    raise SystemExit(size / took < LIMIT)


if __name__ == "__main__":
    main()
