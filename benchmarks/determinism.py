"""What determinism costs on this processor: a training step under torch's switches over a step
without them, and what it buys here.

    python benchmarks/determinism.py
    python benchmarks/determinism.py --steps 10 --repeats 3

The sides alternate in one process on one thread, the first stretch of each does not count, and a
ratio is of the fastest stretch of each in seconds of the processor, so that other work on the
machine weighs as little as it can; in brackets the ratios of single rounds, least and largest.
*Memory* is the largest resident size of a process of its own that takes as many steps, over that of
one without the switches. *Flips avoided*: test answers that two trainings of equal seeds differ in
without the switches, less those with them, per per cent of slow-down. Where trainings repeat
themselves without them, as one thread of a CPU does, they avoid none.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from contextlib import AbstractContextManager, nullcontext

import torch

from undertow.lab.data import FashionMNIST
from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions.arithmetic import Deterministic
from undertow.lab.models import MLP, DeepMLP, Model, ResNet, SmallCNN, ThreeBlockCNN, WideResNet
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.member import build_member
from undertow.lab.runner.places.chunk import resident_for
from undertow.lab.runner.threads import keep_memory, one_thread
from undertow.lab.trainings.supervised import SupervisedRun
from undertow.lab.trainings.training import Given

DATA, RECIPE = FashionMNIST(train_per_class=100), Recipe(1000, batch=128, lr=0.05)
MODELS: dict[str, Model] = {
    repr(model): model
    for model in (
        MLP((128,)),
        DeepMLP(256),
        SmallCNN(16),
        ThreeBlockCNN(),
        ResNet(8, 16),
        WideResNet(10, 1),
    )
}
NONE = "none"
SWITCHES: dict[str, Deterministic | None] = {
    NONE: None,
    "deterministic, no filling": Deterministic(fill=False),
    "deterministic": Deterministic(),
}


class Run:
    """A training of one fresh member under some switches."""

    def __init__(self, model: Model, data: Feed, switch: Deterministic | None) -> None:
        population = Population("determinism", DATA, model, RECIPE, 1)
        seeds = population.seeds.member(population.name, 0)
        self.member = build_member(population, seeds, data, None)
        self.given = Given(data, [self.member], [seeds], (), None)
        self.run, self.switch, self.at = SupervisedRun(RECIPE, self.given), switch, 0

    def on(self, steps: int) -> None:
        """So many steps further."""
        around: AbstractContextManager[object] = (
            self.switch.around(self.given) if self.switch else nullcontext()
        )
        with around:
            for _ in range(steps):
                self.run.step(self.at)
                self.at += 1


def seconds(runs: dict[str, Run], steps: int, repeats: int) -> dict[str, list[float]]:
    """Of each stretch, by switch; they take turns."""
    took: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(repeats + 1):
        for name, run in runs.items():
            begun = time.process_time()
            run.on(steps)
            if repeat:
                took[name].append(time.process_time() - begun)
    return took


def apart(model: Model, data: Feed, switch: Deterministic | None, steps: int) -> int:
    """Test answers that two trainings of equal seeds differ in."""
    answers = []
    for _ in range(2):
        run = Run(model, data, switch)
        run.on(steps)
        x_NCHW = torch.cat([*data.test_batches(500)])
        with torch.inference_mode():
            answers.append(run.member.eval()(x_NCHW).argmax(-1))
    return int((answers[0] != answers[1]).sum())


def megabytes(model: str, switch: str, steps: int) -> float:
    """The largest resident size of a process that takes so many steps."""
    asked = ["--alone", model, switch, "--steps", str(steps)]
    done = subprocess.run(
        [sys.executable, __file__, *asked], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def row(name: str, switch: str, took: dict[str, list[float]], flips: int, steps: int) -> str:
    """One line of the table."""
    base, own = took[NONE], took[switch]
    ratio, rounds = min(own) / min(base), [a / b for a, b in zip(own, base, strict=True)]
    memory = megabytes(name, switch, steps) / megabytes(name, NONE, steps)
    slower = 100 * (ratio - 1)
    bought = "none avoided" if not flips else f"{flips / slower:.1f}" if slower > 0 else "free"
    times = f"{ratio:.2f} ({min(rounds):.2f} to {max(rounds):.2f})"
    return f"| {name} | {switch} | {times} | {memory:.2f} | {bought} |"


def table(steps: int, repeats: int) -> None:
    """Every model under every switch."""
    print("| model | switch | step over one without | memory | flips avoided per % slower |")
    print("|---|---|---|---|---|")
    data = resident_for(Population("determinism", DATA, MLP(), RECIPE, 1), "cpu")
    for name, model in MODELS.items():
        runs = {switch: Run(model, data, how) for switch, how in SWITCHES.items()}
        took = seconds(runs, steps, repeats)
        flips = {switch: apart(model, data, how, steps) for switch, how in SWITCHES.items()}
        for switch in list(SWITCHES)[1:]:
            avoided = flips[NONE] - flips[switch]
            print(row(name, switch, took, avoided, steps), flush=True)


def alone(model: str, switch: str, steps: int) -> None:
    """One run in this process, and its largest resident size in MB."""
    data = resident_for(Population("determinism", DATA, MLP(), RECIPE, 1), "cpu")
    Run(MODELS[model], data, SWITCHES[switch]).on(steps)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--alone", nargs=2, metavar=("MODEL", "SWITCH"))
    asked = parser.parse_args()
    keep_memory()
    with one_thread():
        if asked.alone:
            model, switch = asked.alone
            alone(model, switch, asked.steps)
        else:
            table(asked.steps, asked.repeats)


if __name__ == "__main__":
    main()
