"""A few real steps of a population's training on fresh members, to see what they take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from undertow.lab.feeds.feed import Feed
from undertow.lab.population import Population
from undertow.lab.runner.drive import surroundings
from undertow.lab.runner.member import build_member, fresh_teachers, trainings
from undertow.lab.trainings.teacher import stacked_teacher
from undertow.lab.trainings.training import Given, Training, TrainingRun
from undertow.lab.trainings.untrained import Untrained

STEPS = {"cpu": 2, "cuda": 8}
"""Steps that are timed together: a GPU's are short."""


def first_training(population: Population) -> Training | None:
    """The first one in which something is trained; ``None`` where nothing is."""
    return next((t for t, _ in trainings(population) if not isinstance(t, Untrained)), None)


@contextmanager
def fresh_run(population: Population, data: Feed, members: int) -> Iterator[TrainingRun]:
    """That training as it begins, with all that acts during it, on ``members`` fresh members with
    their own seeds, and with teachers as fresh; several train in one step."""
    training, acting = next(
        (t, i) for t, i in trainings(population) if not isinstance(t, Untrained)
    )
    seeds_M = [population.seeds.member(population.name, m) for m in range(members)]
    models = [build_member(population, seeds, data, None) for seeds in seeds_M]
    teachers, together = fresh_teachers(population, data, members), members > 1
    teacher = None
    if teachers:
        teacher = stacked_teacher(teachers, members) if together else teachers[0]
    given = Given(data, models, seeds_M, acting, teacher, together)
    with ExitStack() as around:
        for context in surroundings(training, given):
            around.enter_context(context)
        yield training.start(given)


def seconds_per_step(population: Population, data: Feed, members: int) -> float:
    """Of so many members together: the fastest of two short stretches after one that does not
    count."""
    steps = STEPS[data.device.type]
    with fresh_run(population, data, members) as run:
        took = [_stretch(run, first, steps, data.device) for first in range(0, 3 * steps, steps)]
    return min(took[1:]) / steps


def _stretch(run: TrainingRun, first: int, steps: int, device: torch.device) -> float:
    """Seconds of some steps; a training that has fewer begins again."""
    begun = time.perf_counter()
    for t in range(first, first + steps):
        run.step(t % run.steps)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begun
