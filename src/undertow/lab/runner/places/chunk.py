"""A chunk of members, from description to results, in the process that trains it."""

from __future__ import annotations

import traceback
import zlib
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import cast

import torch
from torch import nn

from undertow.errors import NoEffectError, UndertowError
from undertow.lab.data.dataset import Dataset
from undertow.lab.data.lazy import LazyImages
from undertow.lab.feeds.feed import Feed
from undertow.lab.feeds.resident import resident
from undertow.lab.feeds.streamed import streamed
from undertow.lab.interventions.site import Intervention
from undertow.lab.own_code import told
from undertow.lab.population import Population
from undertow.lab.runner.checkpoint import Saver, Shelf, Stopped, never
from undertow.lab.runner.drive import DivergedError, drive
from undertow.lab.runner.member import answers, build_member, build_teacher, trainings
from undertow.lab.runner.places.job import Diverged, Failure, How, Job, Outcome, Result
from undertow.lab.runner.places.spent import Spent
from undertow.lab.runner.probing import Kept, Probing
from undertow.lab.runner.progress import Event, Watcher
from undertow.lab.trainings.precision import storage
from undertow.lab.trainings.teacher import Teacher, stacked_teacher
from undertow.lab.trainings.training import Facts, Given, Training
from undertow.lab.trainings.untrained import Untrained
from undertow.lab.weights_file import weights_file

WRONG = (Exception, SystemExit)
"""What may go wrong with one member: ``sys.exit`` in a model ends that member and not the run."""


def resident_for(population: Population, device: str) -> Feed:
    """The population's data on the device, loaded once for all populations of this process that use
    them."""
    # no part of a data set's identity, but of where its images are
    streams = getattr(population.data, "stream", False)
    return _loaded(
        cast(Hashable, population.data), streams, device, storage(population.recipe.precision)
    )


@lru_cache(maxsize=1)
def _loaded(data: Hashable, streams: bool, device: str, dtype: torch.dtype) -> Feed:
    """Resident where it fits, streamed where the data set says that it stays on disk."""
    splits = cast(Dataset, data).load()
    if isinstance(splits.train.x_NCHW, LazyImages):
        return streamed(splits, device, dtype)
    return resident(splits, device, dtype)


def make_chunk(
    population: Population,
    jobs: Sequence[Job],
    how: How,
    data: Feed,
    shelf: Shelf,
    tell: Watcher,
    asked: Callable[[], bool] = never,
) -> Iterator[Result]:
    """Make these members, one after the other or all in one step; yields each one's result as soon
    as it is there.

    Whatever goes wrong with a member becomes a ``Failure``, so that the others can go on. ``asked``
    is polled at each step and says whether to keep a checkpoint and stop, by ``Stopped``.
    """
    if how == "stacked":
        yield from _Together(population, data, shelf, tell, asked).results(jobs)
    else:
        for job in jobs:
            if asked():
                raise Stopped
            yield job, _Alone(population, data, shelf, tell, asked).result(job)


class _Chunk:
    """What the members of one chunk share."""

    def __init__(
        self,
        population: Population,
        data: Feed,
        shelf: Shelf,
        tell: Watcher,
        asked: Callable[[], bool],
    ) -> None:
        self.population, self.data, self.shelf, self.tell, self.asked = (
            population,
            data,
            shelf,
            tell,
            asked,
        )
        self.began = Spent.now(data.device)
        self._teachers: dict[Path, nn.Module] = {}

    def seeds(self, job: Job) -> dict[str, int]:
        return self.population.seeds.member(self.population.name, job.index)

    def build(self, job: Job) -> nn.Module:
        return build_member(self.population, self.seeds(job), self.data, job.parent_weights)

    def teacher(self, job: Job) -> nn.Module | None:
        """Who teaches this member: one network for all of them where one member teaches all."""
        weights = job.teacher_weights
        if weights is None:
            return None
        if weights not in self._teachers:
            self._teachers[weights] = build_teacher(self.population, job.index, self.data, weights)
        return self._teachers[weights]

    def probing(self, training: Training) -> Probing:
        """The population's probes, where something is trained."""
        return Probing(() if isinstance(training, Untrained) else self.population.probes)

    def outcome(self, model: nn.Module, facts: Facts, spent: Spent, kept: Kept) -> Outcome:
        weights = weights_file(model)  # before an engine takes the model
        proba_NC, facts = answers(self.population, model, self.data, facts)
        wall, worked = spent
        return Outcome(proba_NC, facts, wall, weights, kept.probed, kept.snapshots, worked)

    def started(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self.tell(Event("started", self.population.name, job.id, self.population.members))

    def epoch(self, jobs: Sequence[Job], epoch: int, epochs: int) -> None:
        name, images = self.population.name, len(self.data.train_y_N)
        for job in jobs:
            self.tell(Event("epoch", name, job.id, self.population.members, epoch, epochs, images))

    def saver(self, name: str) -> Saver:
        return Saver(self.shelf, name, asked=self.asked)

    def spent(self, among: int = 1) -> Spent:
        """Since the chunk began, shared out."""
        return Spent.now(self.data.device).since(self.began, among)


class _Alone(_Chunk):
    """One member by itself."""

    def result(self, job: Job) -> Outcome | Diverged | Failure:
        self.started([job])
        try:
            model, facts, kept = self.build(job), Facts(), Kept()
            for number, stage in enumerate(trainings(self.population)):
                measured, found = self._train(job, model, *stage, self.saver(f"{job.id}-{number}"))
                facts |= measured
                kept = found or kept
            made = self.outcome(model, facts, self.spent(), kept)
        except WRONG as error:
            return end_of(error)
        return made

    def _train(
        self,
        job: Job,
        model: nn.Module,
        training: Training,
        acting: Sequence[Intervention],
        saver: Saver,
    ) -> tuple[Facts, Kept | None]:
        def tell(epoch: int, epochs: int) -> None:
            self.epoch([job], epoch, epochs)

        seeds, teacher = self.seeds(job), self.teacher(job)
        given = Given(self.data, [model], [seeds], acting, teacher, number=job.index)
        probing = self.probing(training)
        (end,) = drive(training, given, tell, saver, probing)
        if isinstance(end, Exception):
            raise end
        return end, next(iter(probing.kept_M), None)


class _Together(_Chunk):
    """All members in one step. Those that cannot be built, or diverge, fall out; the others go
    on."""

    def results(self, jobs: Sequence[Job]) -> Iterator[Result]:
        self.started(jobs)
        models: dict[Job, nn.Module] = {}
        for job in jobs:
            try:
                model = self.build(job)
                self.teacher(job)  # one that cannot be read costs its own student alone
                models[job] = model
            except WRONG as error:
                yield job, end_of(error)
        facts = {job: Facts() for job in models}
        kept: dict[Job, Kept] = {}
        for number, (training, acting) in enumerate(trainings(self.population)):
            # whose it is: a member that falls out of a stack, or comes back, makes it another stack
            stack = zlib.crc32(",".join(job.id for job in models).encode())
            saver = self.saver(f"{jobs[0].id}-to-{jobs[-1].id}-{stack:08x}-{number}")
            probing, who = self.probing(training), tuple(models)
            for job, end in self._train(models, training, acting, saver, probing).items():
                if isinstance(end, BaseException):
                    yield job, end_of(end)
                    del models[job]
                else:
                    facts[job] |= end
            kept |= zip(who, probing.kept_M, strict=False)
        spent = self.spent(max(len(models), 1))
        for job, model in models.items():
            try:
                made = self.outcome(model, facts[job], spent, kept.get(job, Kept()))
            except WRONG as error:
                yield job, end_of(error)
            else:
                yield job, made

    def _train(
        self,
        models: dict[Job, nn.Module],
        training: Training,
        acting: Sequence[Intervention],
        saver: Saver,
        probing: Probing,
    ) -> dict[Job, Facts | BaseException]:
        """Each member's facts, or what went wrong; what goes wrong with the stack goes wrong with
        every member."""

        def tell(epoch: int, epochs: int) -> None:
            self.epoch(list(models), epoch, epochs)

        if not models:
            return {}
        if isinstance(training, Untrained):
            return {job: self._apply(job, model, acting) for job, model in models.items()}
        try:
            given = Given(
                self.data,
                list(models.values()),
                [self.seeds(job) for job in models],
                acting,
                self._teachers_of(models),
                together=True,
            )
            ends = drive(training, given, tell, saver, probing)
        except WRONG as error:
            return dict.fromkeys(models, error)
        return dict(zip(models, ends, strict=True))

    def _teachers_of(self, jobs: Collection[Job]) -> Teacher | None:
        teachers = list(dict.fromkeys(teacher for job in jobs if (teacher := self.teacher(job))))
        return stacked_teacher(teachers, len(jobs)) if teachers else None

    def _apply(
        self, job: Job, model: nn.Module, acting: Sequence[Intervention]
    ) -> Facts | BaseException:
        try:
            (end,) = drive(Untrained(), Given(self.data, [model], [self.seeds(job)], acting))
        except WRONG as error:
            return error
        return end


def end_of(error: BaseException) -> Diverged | Failure:
    """What an error means for the member that met it."""
    if isinstance(error, DivergedError):
        return Diverged(str(error))
    if isinstance(error, BrokenPipeError):
        raise error  # nobody is listening any more: this worker's parent is gone
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, UndertowError):
        return Failure(str(error), fatal=isinstance(error, NoEffectError), trace=trace)
    return Failure(told(error), trace=trace)
