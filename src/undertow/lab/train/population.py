"""Train a declared population into a folder: resumable, and the same bytes whatever trains it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from undertow.errors import NoEffectError, RecordError, UndertowError, UserError
from undertow.lab.data.dataset import Splits
from undertow.lab.population import Population
from undertow.lab.train.description import examples_table, plan_of
from undertow.lab.train.member import Outcome
from undertow.lab.train.progress import Event, Watcher
from undertow.lab.train.runners import Failure, Job, Result, in_loop, in_processes
from undertow.lab.train.threads import cores
from undertow.records.schema import Scale
from undertow.records.write import PopulationWriter

RUNNERS = ("auto", "loop", "processes")

DEVICE = "cpu"
"""The trainer and its data follow whatever device they are given; only this one has been tried."""

WORTH_PROCESSES = 100_000
"""From this many passed training examples on, all members together, starting processes (2 to 3 s) pays: as many take a
small convolutional network some 10 s on one core, and a small perceptron, which loses a little by it, about 1 s."""


def train_population(
    population: Population,
    out: Path,
    *,
    runner: str = "auto",
    workers: int | None = None,
    progress: Watcher | None = None,
    scale: Scale = "none",
    study_source: str | None = None,
) -> Path:
    """Train every member that ``out/<population>`` lacks, parents first, and return that folder.

    ``runner`` says where: ``loop`` one after the other in this process, ``processes`` side by side in ``workers`` (one
    per core unless told), ``auto`` by the amount of work. Member files are equal byte for byte either way, and equal
    after any kill and rerun; manifests differ in ``runner`` alone. A member that fails is recorded as failed, with its
    reason in the manifest's notes, and tried again by the next run.

    Each member's final weights go to ``weights/<member>.safetensors`` beside the record. They are no part of it (no
    hash, no reader), but derived populations start from their parents'.

    Raises ``NoEffectError`` where an intervention changes nothing, ``RecordError`` where the folder holds another
    population, ``UserError`` where data or parents' weights are missing, ``UndertowError`` where every member failed.
    """
    if runner not in RUNNERS:
        raise UserError(f"there is no runner {runner!r}: choose from {', '.join(RUNNERS)}")
    run = _Run(Path(out), runner, workers or cores(), progress or _nobody, scale, study_source)
    run.train(population, retry=True)
    return run.folder(population)


def _nobody(event: Event) -> None:
    """The watcher where no one watches."""


def member_ids(population: Population) -> list[str]:
    """Names of the member files, in order."""
    return [f"{index:03d}" for index in range(population.members)]


@dataclass(frozen=True)
class _Run:
    """One call's settings, shared by a population and the parents it needs."""

    out: Path
    runner: str
    workers: int
    watch: Watcher
    scale: Scale
    study_source: str | None

    def folder(self, population: Population) -> Path:
        return self.out / population.folder

    def weights(self, population: Population, member: str) -> Path:
        return self.folder(population) / "weights" / f"{member}.safetensors"

    def train(self, population: Population, *, retry: bool) -> set[str]:
        """Bring one population to its end and return the ids of the members that are done.

        Failed members of a finished population are tried again only with ``retry``, lest each of many derived
        populations train a hopeless parent member once more.
        """
        parents = self.train(population.parent, retry=False) if population.parent else set()
        splits = population.data.load()
        chosen = self.chosen(population, len(splits.train.label_N))
        writer = self._writer(population, splits, chosen)
        done = set(writer.done_members())
        if writer.finished and not retry:
            return done
        for member in sorted(done):
            self.watch(Event("kept", population.name, member, population.members))
        jobs = self._jobs(population, parents, done, writer)
        with closing(self._results(population, jobs, splits, chosen)) as results:
            for job, result in results:
                self._record(population, writer, job, result)
        return self._finish(population, writer)

    def chosen(self, population: Population, examples: int) -> Literal["loop", "processes"]:
        """The runner, decided by the whole population and nothing else, so that a resumed run decides alike."""
        if self.runner != "auto":
            return "loop" if self.runner == "loop" else "processes"
        epochs = population.recipe.epochs
        if population.parent:
            epochs = sum(i.finetune.epochs for i in population.interventions if i.finetune)
        large = epochs * examples * population.members >= WORTH_PROCESSES
        return "processes" if large and population.members > 1 else "loop"

    def _writer(self, population: Population, splits: Splits, chosen: str) -> PopulationWriter:
        folder, plan = self.folder(population), plan_of(population, splits, chosen, DEVICE, self.scale)
        writer = PopulationWriter(folder, plan, examples_table(splits.test), members=population.members)
        surplus = sorted(set(writer.done_members()) - set(member_ids(population)))
        if surplus:
            raise RecordError(
                f"{folder}: holds member {surplus[0]!r}, but only {population.members} members are wanted; choose "
                "another folder or delete this one"
            )
        return writer

    def _jobs(self, population: Population, parents: set[str], done: set[str], writer: PopulationWriter) -> list[Job]:
        """What is left to make. A member whose parent failed has failed with it."""
        jobs = []
        for index, member in enumerate(member_ids(population)):
            job = Job(index, member, self.weights(population, member), None)
            if member in done:
                continue
            if population.parent is None:
                jobs.append(job)
            elif member in parents:
                jobs.append(Job(index, member, job.weights, self._parent_weights(population, member)))
            else:
                self._fail(population, writer, job, f"its parent member in {population.parent.name!r} failed")
        return jobs

    def _parent_weights(self, population: Population, member: str) -> Path:
        assert population.parent is not None
        path = self.weights(population.parent, member)
        if not path.exists():
            raise UserError(
                f"{path}: these weights are gone, and {population.name!r} derives from them; delete "
                f"{self.folder(population.parent)} to train {population.parent.name!r} again"
            )
        return path

    def _results(
        self, population: Population, jobs: list[Job], splits: Splits, chosen: str
    ) -> Generator[Result, None, None]:
        if chosen == "processes" and jobs:
            return in_processes(population, jobs, self.workers, DEVICE, self.watch)
        return in_loop(population, jobs, splits, DEVICE, self.watch)

    def _record(self, population: Population, writer: PopulationWriter, job: Job, result: Outcome | Failure) -> None:
        if isinstance(result, Failure):
            if result.fatal:
                raise NoEffectError(f"population {population.name!r}, member {job.id}: {result.reason}")
            self._fail(population, writer, job, result.reason)
            return
        writer.write_member(
            job.id,
            result.proba_NC.argmax(axis=1),
            result.proba_NC,
            seeds=population.seeds.member(population.name, job.index),
            facts=result.facts,
            parent=job.id if population.parent else None,
            seconds=result.seconds,
        )
        self.watch(Event("done", population.name, job.id, population.members))

    def _fail(self, population: Population, writer: PopulationWriter, job: Job, reason: str) -> None:
        seeds = population.seeds.member(population.name, job.index)
        writer.fail_member(job.id, reason, seeds=seeds, parent=job.id if population.parent else None)
        self.watch(Event("failed", population.name, job.id, population.members, reason=reason))

    def _finish(self, population: Population, writer: PopulationWriter) -> set[str]:
        done = set(writer.done_members())
        manifest = writer.finish(study_source=self.study_source)
        if not done:
            raise UndertowError(f"every member of population {population.name!r} failed; {manifest.notes[0]}")
        for unfinished in (self.folder(population) / "weights").glob("*.tmp"):
            unfinished.unlink()
        return done
