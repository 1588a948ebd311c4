"""What probes cost: a trace's bytes on disk, and training with a probe over training without.

    python benchmarks/probes.py
    python benchmarks/probes.py --epochs 6 --repeats 5

Trainings without and with each probe take turns in one process on one thread. Seconds are those of
the processor, and the ratio is of the fastest of each, so that other work on the machine weighs as
little as it can. The floor of a trace is what it holds: three halves and a byte per example and
epoch.

``Trace()`` and ``LearnedFrom()`` read what each step has computed, the second with a forward pass
at the end. ``Trace(clean=True)`` and ``GradientFlow()`` ask after each epoch, ``Snapshots`` copies
weights then; no probe of the lab reads the gradients that a step leaves. What is asked of final
weights alone (``PredictionDepth``, ``QScore``, ``GraNd``, ``Embedding``) is not here, since it needs
no training at all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
import polars as pl

from undertow.lab.data import FashionMNIST
from undertow.lab.models import MLP, Model, SmallCNN
from undertow.lab.population import Population
from undertow.lab.probes import GradientFlow, LearnedFrom, Snapshots, Trace
from undertow.lab.probes.probe import Probe
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.member import build_member
from undertow.lab.runner.places.chunk import resident_for
from undertow.lab.runner.probing import Probing
from undertow.lab.runner.threads import keep_memory, one_thread
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given
from undertow.records.folder import parquet_bytes

TRAINED = ((MLP((128,)), 1), (MLP((128,)), 8), (SmallCNN(8), 1), (SmallCNN(8), 8))


def probes_in(epochs: int) -> dict[str, Probe]:
    """What is measured, by name."""
    return {
        "Trace()": Trace(),
        "LearnedFrom()": LearnedFrom(),
        "Trace(clean=True)": Trace(clean=True),
        "GradientFlow()": GradientFlow(),
        "Snapshots of each epoch": Snapshots(tuple(range(1, epochs + 1))),
    }


def seconds(
    model: Model, members: int, epochs: int, per_class: int, probes: Sequence[Probe]
) -> float:
    """Of one training of so many members in one step, on one thread of the processor."""
    recipe = Recipe(epochs=epochs, batch=128, lr=0.05)
    data_set = FashionMNIST(train_per_class=per_class)
    population = Population("probed", data_set, model, recipe, members)
    data = resident_for(population, "cpu")
    seeds_M = [population.seeds.member(population.name, m) for m in range(members)]
    models = [build_member(population, seeds, data, None) for seeds in seeds_M]
    given = Given(data, models, seeds_M, together=members > 1)
    begun = time.process_time()
    drive(Supervised(recipe), given, probing=Probing(probes))
    return time.process_time() - begun


def ratios(
    model: Model, members: int, epochs: int, per_class: int, repeats: int
) -> tuple[float, list[float]]:
    """Seconds without, and how many times as long it takes with each probe."""
    chosen: list[tuple[Probe, ...]] = [(), *((each,) for each in probes_in(epochs).values())]
    took = [
        [seconds(model, members, epochs, per_class, probes) for probes in chosen]
        for _ in range(repeats)
    ]
    without, *under = np.min(took, axis=0)
    return float(without), [float(each / without) for each in under]


def trace_megabytes(examples: int, epochs: int) -> tuple[float, float]:
    """On disk and its floor. Values are random, which is the most that compression can be given."""
    rng = np.random.default_rng(0)
    halves = {
        name: rng.normal(size=(examples, epochs)).astype(np.float16)
        for name in ("loss", "margin", "error")
    }
    predicted = rng.integers(0, 10, (examples, epochs)).astype(np.int8)
    ids = pl.Series("example_id", [f"data/train/{n}" for n in range(examples)])
    frame = pl.DataFrame([ids]).hstack(pl.DataFrame(halves | {"predicted": predicted}))
    return len(parquet_bytes(frame)) / 1e6, 7 * examples * epochs / 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--per-class", type=int, default=400, help="training images of a class")
    asked = parser.parse_args()
    keep_memory()
    size, floor = trace_megabytes(50_000, 200)
    print(f"a trace of 50,000 examples × 200 epochs: {size:.0f} MB on disk, {floor:.0f} MB held")
    print(f"{10 * asked.per_class:,} examples, {asked.epochs} epochs, {asked.repeats} repeats")
    names = list(probes_in(asked.epochs))
    print(f"| members | seconds without | {' | '.join(names)} |")
    print("|---" * (len(names) + 2) + "|")
    with one_thread():
        for model, members in TRAINED:
            without, times = ratios(model, members, asked.epochs, asked.per_class, asked.repeats)
            said = " | ".join(f"{each:.3f}" for each in times)
            print(f"| {members} × {model!r} | {without:.2f} | {said} |", flush=True)


if __name__ == "__main__":
    main()
