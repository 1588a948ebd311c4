"""How long it takes to read and verify a population: 60 members × 50,000 examples, at most 3 s on 2
cores.

    python benchmarks/reading.py [--members 60] [--examples 50000]

One line per number of classes: 10 (all probabilities kept) and 1,000 (top five kept). Files are
read once before the clock starts, so this is hashing, decoding and checking, not the disk.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records import Manifest, PopulationWriter, read_population

LIMIT_S = 3.0


def population(folder: Path, members: int, examples: int, classes: int) -> None:
    """A population of noise: every member gives each example a random distribution, peaked as a
    network's is."""
    rng = np.random.default_rng(0)
    label_N = rng.integers(classes, size=examples)
    ids = [f"validation-{n:08d}" for n in range(examples)]
    table = pl.DataFrame(
        {
            "example_id": ids,
            "label": label_N,
            "region": rng.choice(["north", "south"], size=examples),
        }
    )
    plan = Manifest(name="noise", classes=tuple(f"class {c}" for c in range(classes)), members=())
    writer = PopulationWriter(folder, plan, table, members=members)
    for m in range(members):
        writer.write_member(
            f"m{m:02d}", *_answers(label_N, classes, np.random.default_rng([m, classes]))
        )
    writer.finish()


def _answers(
    label_N: NDArray[np.int64], classes: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    proba_NC = rng.random((label_N.size, classes), dtype=np.float32)
    proba_NC[np.arange(label_N.size), label_N] += rng.exponential(
        classes / 4, size=label_N.size
    ).astype(np.float32)
    proba_NC /= proba_NC.sum(axis=1, keepdims=True)
    return proba_NC.argmax(axis=1), proba_NC


def seconds(folder: Path, *, probabilities: bool) -> float:
    """Best of three, after one reading that brings the files into memory."""
    taken = []
    for _ in range(4):
        started = time.perf_counter()
        read_population(folder, probabilities=probabilities)
        taken.append(time.perf_counter() - started)
    return min(taken[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=60)
    parser.add_argument("--examples", type=int, default=50_000)
    chosen = parser.parse_args()
    print("classes  kept               MB on disk  read [s]  without probabilities [s]")
    slowest = 0.0
    for classes, kept in ((10, "all probabilities"), (1000, "top five")):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "noise"
            population(folder, chosen.members, chosen.examples, classes)
            size = sum(p.stat().st_size for p in folder.rglob("*.parquet")) / 1e6
            full, lean = (seconds(folder, probabilities=p) for p in (True, False))
            slowest = max(slowest, full, lean)
            print(f"{classes:7d}  {kept:17s}  {size:10.0f}  {full:8.2f}  {lean:25.2f}", flush=True)
    print(
        f"slowest {slowest:.2f} s, limit {LIMIT_S} s: {'within' if slowest < LIMIT_S else 'OVER'}"
    )
    raise SystemExit(slowest >= LIMIT_S)


if __name__ == "__main__":
    main()
