"""What the objectives of robust distillation cost: a step of each over a step of standard
distillation, held-out passes between steps included.

    python benchmarks/robust_step.py
    python benchmarks/robust_step.py --steps 100 --repeats 9

Student and teacher are alike. The sides alternate in one process on one thread, and a ratio is of
the fastest stretch of each in seconds of the processor, so that other work on the machine weighs as
little as it can. A stretch has as many steps as lie between two updates of λ, so it holds one pass
over the held-out part: a tenth of the training part, as HeldOut cuts it. The bar: a robust step of
a student costs at most 1.2 times a standard one. Without augmentation the teacher is asked once
about each example; with it, at each step about the step's own pixels.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

from undertow.lab.data import FashionMNIST, HeldOut
from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions.objective import (
    DORO,
    Distillation,
    GroupDRO,
    LogitAdjustment,
    Robust,
    RobustDistillation,
)
from undertow.lab.interventions.site import AbstractObjective
from undertow.lab.models import MLP, Model, SmallCNN
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.member import build_member
from undertow.lab.runner.places.chunk import resident_for
from undertow.lab.runner.threads import keep_memory, one_thread
from undertow.lab.trainings.supervised import SupervisedRun
from undertow.lab.trainings.training import Given

RECIPE = Recipe(epochs=1000, batch=128, lr=0.05)
BAR = 1.2
DATA = HeldOut(FashionMNIST(), 0.1)
STANDARD = "Distillation()"
OBJECTIVES: dict[str, AbstractObjective] = {
    STANDARD: Distillation(),
    "RobustDistillation(alpha=0)": RobustDistillation(alpha=0.0),
    "RobustDistillation()": RobustDistillation(),
    "RobustDistillation(alpha=0.5, held_out='labels')": RobustDistillation(0.5, held_out="labels"),
    "Robust()": Robust(),
    "LogitAdjustment()": LogitAdjustment(),
    "GroupDRO()": GroupDRO(),
    "DORO(0.2, 0.1, 'chi2')": DORO(0.2, 0.1, "chi2"),
}


def started(
    model: Model, data: Feed, recipe: Recipe, objective: AbstractObjective
) -> Callable[[int], None]:
    """A training of one fresh member under this objective: takes it so many steps further."""
    population = Population("robust", DATA, model, recipe, 1)
    seeds = population.seeds.member(population.name, 0)
    member, teacher = (build_member(population, seeds, data, None) for _ in range(2))
    teacher.eval().requires_grad_(False)
    run = SupervisedRun(recipe, Given(data, [member], [seeds], (objective,), teacher))
    at = 0

    def on(steps: int) -> None:
        nonlocal at
        for _ in range(steps):
            run.step(at)
            at += 1

    return on


def seconds(model: Model, data: Feed, recipe: Recipe, steps: int, repeats: int) -> dict[str, float]:
    """Of the fastest stretch under each objective, which take turns; the first does not count."""
    runs = {name: started(model, data, recipe, goal) for name, goal in OBJECTIVES.items()}
    best = dict.fromkeys(runs, float("inf"))
    for repeat in range(repeats + 1):
        for name, on in runs.items():
            begun = time.process_time()
            on(steps)
            if repeat:
                best[name] = min(best[name], time.process_time() - begun)
    return best


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    keep_memory()
    data = resident_for(Population("robust", DATA, MLP(), RECIPE, 1), "cpu")
    print(f"| model | augmentation | objective | step over a standard one (bar {BAR}) |")
    print("|---|---|---|---|")
    with one_thread():
        for model in (SmallCNN(16), MLP((128,))):
            for recipe in (RECIPE, replace(RECIPE, crop=2, flip=True)):
                took = seconds(model, data, recipe, asked.steps, asked.repeats)
                for name, each in took.items():
                    said = "crop, flip" if recipe.augments else "none"
                    ratio = f"{each / took[STANDARD]:.2f}"
                    print(f"| {model!r} | {said} | {name} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()
