"""What choosing examples costs: a scoring pass over a plain pass in eval mode of the same images,
and an epoch under each sampler over one that learns from everything.

    python benchmarks/sampling.py
    python benchmarks/sampling.py --examples 4096 --repeats 9

Both sides of a ratio alternate in one process on one thread, and the ratio is of the fastest of
each in seconds of the processor, so that other work on the machine weighs as little as it can. The
bar: a scoring pass (losses asked for by a sampler, batch by batch) takes at most 1.15 times as long
as the pass that one would write to get them, in eval mode without gradients. What it takes beside
logits alone is shown too: with 0.3 ms a batch, losses and switches of mode are seen. Where a
backward pass costs two forward passes, an epoch that scores all and learns from the share k costs
(1 + 3 k) / 3 of one that learns from everything: 0.67 for k = 1/3.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional as F

from undertow.lab.data import FashionMNIST
from undertow.lab.feeds.batches import Batch
from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions.sampling import (
    RandomShare,
    RhoLoss,
    SelectiveBackprop,
    VarianceReduction,
)
from undertow.lab.interventions.site import AbstractSampling, Chosen, SamplingRun, Score
from undertow.lab.models import MLP, Model, SmallCNN
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.member import build_member
from undertow.lab.runner.places.chunk import resident_for
from undertow.lab.runner.threads import keep_memory, one_thread
from undertow.lab.trainings.supervised import SupervisedRun
from undertow.lab.trainings.training import Given

RECIPE = Recipe(epochs=8, batch=128, lr=0.05)
BAR = 1.15
SAMPLERS: dict[str, tuple[AbstractSampling, ...]] = {
    "everything": (),
    "RandomShare(1/3)": (RandomShare(1 / 3, warm=0),),
    "SelectiveBackprop(2)": (SelectiveBackprop(2.0, warm=0),),
    "VarianceReduction(1/3)": (VarianceReduction(1 / 3),),
    "VarianceReduction(1/3, unbiased)": (VarianceReduction(1 / 3, unbiased=True),),
    "RhoLoss(1/3)": (RhoLoss(1 / 3),),
}


class _Scoring(AbstractSampling):
    """Scores its candidates and learns from none."""

    def start(self, given: Given, batches: object) -> SamplingRun:
        return _ScoringRun()


class _ScoringRun(SamplingRun):
    def choose(self, t: int, candidates: Batch, score: Score) -> Chosen | None:
        score(candidates)
        return None

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {}

    def load_state_dict(self, state_dict: object) -> None:
        pass


def started(
    model: Model, data: Feed, acting: Sequence[AbstractSampling]
) -> tuple[SupervisedRun, nn.Module]:
    """A training of one fresh member, and its network."""
    population = Population("sampled", FashionMNIST(), model, RECIPE, 1)
    seeds = population.seeds.member(population.name, 0)
    member, teacher = (build_member(population, seeds, data, None) for _ in range(2))
    given = Given(data, [member], [seeds], acting, teacher.eval())
    return SupervisedRun(RECIPE, given), member


def fastest(repeats: int, *sides: Callable[[], object]) -> list[float]:
    """Seconds of each, which take turns."""
    best = [float("inf")] * len(sides)
    for _ in range(repeats):
        for side, run in enumerate(sides):
            begun = time.process_time()
            run()
            best[side] = min(best[side], time.process_time() - begun)
    return best


def scoring(model: Model, data: Feed, examples: int, repeats: int) -> tuple[float, float, float]:
    """Seconds of the plain pass; how many times as long the scoring pass takes as that, and as one
    for logits alone. Batches are the same tensors, made before."""
    run, member = started(model, data, (_Scoring(),))
    batches = [run.batches.batch(t) for t in range(examples // RECIPE.batch)]
    by_step = iter(())

    def plain(losses: bool) -> None:
        member.eval()
        with torch.no_grad():
            for batch in batches:
                logits_BC = member(batch.x_BCHW)
                if losses:
                    F.cross_entropy(logits_BC, batch.y_B, reduction="none")
        member.train()

    def scored() -> None:
        nonlocal by_step
        by_step = iter(batches)
        for t in range(len(batches)):
            run.step(t)

    run.batches.batch = lambda t: next(by_step)  # type: ignore[method-assign]
    losses, logits, under = fastest(repeats, lambda: plain(True), lambda: plain(False), scored)
    return losses, under / losses, under / logits


def epochs(model: Model, data: Feed, examples: int, repeats: int) -> dict[str, float]:
    """Seconds of so many candidates under each sampler."""
    steps = examples // RECIPE.batch
    runs = [started(model, data, acting)[0] for acting in SAMPLERS.values()]
    turns = [iter(range(10**9)) for _ in runs]  # each training goes on where it was

    def side(run: SupervisedRun, turn: object) -> Callable[[], None]:
        def go() -> None:
            for _ in range(steps):
                run.step(next(turn) % run.steps)  # type: ignore[call-overload]

        return go

    sides = [side(run, turn) for run, turn in zip(runs, turns, strict=True)]
    return dict(zip(SAMPLERS, fastest(repeats, *sides), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=3840)
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    keep_memory()
    population = Population("sampled", FashionMNIST(), MLP(), RECIPE, 1)
    data = resident_for(population, "cpu")
    with one_thread():
        print(f"| model | plain pass, s | scoring pass over it (bar {BAR}) | over logits alone |")
        print("|---|---|---|---|")
        for model in (SmallCNN(16), MLP((128,))):
            plain, times, logits = scoring(model, data, asked.examples, asked.repeats)
            print(f"| {model!r} | {plain:.4f} | {times:.3f} | {logits:.3f} |", flush=True)
        print("\n| model | sampler | time of the same candidates, everything = 1 |")
        print("|---|---|---|")
        for model in (SmallCNN(16),):
            took = epochs(model, data, asked.examples, asked.repeats)
            for name, seconds in took.items():
                print(f"| {model!r} | {name} | {seconds / took['everything']:.2f} |", flush=True)


if __name__ == "__main__":
    main()
