"""Train declared populations into a folder: resumable, whatever trains them, and the same bytes
after any kill."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import torch

from undertow.errors import NoEffectError, RecordError, UndertowError, UserError
from undertow.lab.built_from import FirstSeen
from undertow.lab.code_digest import UNKNOWN
from undertow.lab.data.apart import check_apart
from undertow.lab.data.dataset import Splits
from undertow.lab.population import Population
from undertow.lab.probes.probe import Size
from undertow.lab.runner.checkpoint import Stopped
from undertow.lab.runner.choose import Choice, Means, Where, choose
from undertow.lab.runner.description import examples_table, plan_of, train_table
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.member import probes_bytes, weights_bytes
from undertow.lab.runner.places.here import Here
from undertow.lab.runner.places.job import Diverged, Failure, Job, Outcome, Place, Work
from undertow.lab.runner.places.processes import Processes, warm_up
from undertow.lab.runner.progress import Event, Kind, Watcher
from undertow.lab.runner.stopping import Stopping
from undertow.lab.runner.threads import cores
from undertow.lab.trainings.precision import check_precision, reason, storage
from undertow.records.folder import sha256, write_whole
from undertow.records.schema import Scale
from undertow.records.write import PopulationWriter

UNFINISHED = "unfinished"
"""Folder of checkpoints inside a population's, while it is trained."""


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
    """Train every member that ``out/<population>`` lacks, parents and teachers first, and return
    that folder.

    ``runner`` says how: ``loop`` one after the other in this process, ``processes`` side by side in
    ``workers`` (one per core unless told), ``stacked`` many in one step, ``ray`` on a cluster,
    ``auto`` as the first steps measure. The first two give the same bytes, manifests apart, which
    name the runner; stacked members agree to rounding. On a CPU all give the same bytes again after
    any kill and rerun. ``Trainer`` has more settings, and trains several populations.

    Raises ``NoEffectError`` where an intervention changes nothing, ``RecordError`` where the folder
    holds another population, ``UserError`` where data or the weights of parents or teachers are
    missing, ``UndertowError`` where every member failed or diverged.
    """
    machine = Machine(runner, workers)
    with Trainer(
        out, machine, progress=progress, scale=scale, study_source=study_source
    ) as trainer:
        return trainer.train(population)


def member_ids(population: Population) -> list[str]:
    """Names of the member files, in order."""
    return [member_id(index) for index in range(population.members)]


def member_id(index: int) -> str:
    """The name of a member's file."""
    return f"{index:03d}"


def source_member(population: Population, index: int) -> str:
    """The member of its parent or teacher that member ``index`` derives or learns from."""
    return member_id(population.teacher_of(index) if population.teacher else index)


def _nobody(event: Event) -> None:
    """The watcher where no one watches."""


def _tell_person(said: str) -> None:
    print(said, file=sys.stderr)


class Trainer:
    """Trains populations into one folder with one set of means; workers stay from one population to
    the next.

    A member that fails is recorded as failed, with its reason, and tried again by the next run. One
    that diverges is recorded as diverged and never tried again. Each member's final weights go to
    ``weights/<member>.safetensors`` beside the record. They are no part of it, but derived
    populations start from their parents' and students learn from their teachers', so their SHA-256
    lies beside them and is looked at before. ``asked`` is polled at each step: once it is true,
    checkpoints are kept and ``Stopped`` is raised. Without it Ctrl-C and SIGTERM ask while members
    train, and ``KeyboardInterrupt`` follows. ``accept`` names what may have changed since members
    were trained (``model MLP``), as the refusal says it.
    """

    def __init__(
        self,
        out: Path,
        machine: Machine | None = None,
        *,
        progress: Watcher | None = None,
        scale: Scale = "none",
        study_source: str | None = None,
        asked: Callable[[], bool] | None = None,
        accept: Collection[str] = (),
    ) -> None:
        self.out, self.machine, self.watch = Path(out), machine or Machine(), progress or _nobody
        self.scale, self.study_source, self.accept = scale, study_source, accept
        self._signals = Stopping(_tell_person)
        self.asked = self._signals if asked is None else asked
        self.device = self.machine.the_device
        self._places: dict[Where, Place] = {}
        self._said: set[str] = set()
        self._tried: set[str] = set()
        self._digest = FirstSeen()

    def __enter__(self) -> Trainer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for place in self._places.values():
            place.close()

    def train(self, population: Population) -> Path:
        """Bring one population to its end, its parents and teachers first, and return its
        folder."""
        if self.asked is self._signals:
            self._until_interrupted(population)
        else:
            self._bring_to_end(population)
        return self.folder(population)

    def _until_interrupted(self, population: Population) -> None:
        """What a script that nobody wrote for this ends with says how to go on."""
        try:
            with self._signals:
                self._bring_to_end(population)
        except Stopped:
            raise KeyboardInterrupt("stopped; run again to go on with the members it has") from None

    def folder(self, population: Population) -> Path:
        """Where its record is."""
        return self.out / population.folder

    def _weights(self, population: Population, member: str) -> Path:
        return self.folder(population) / "weights" / f"{member}.safetensors"

    def _bring_to_end(self, population: Population) -> Ended:
        """Train what is missing and say which members are done and which diverged.

        Failed members are tried again once in a trainer's life, lest each of many derived
        populations train a hopeless parent member once more.
        """
        _check_precisions(population, self.device)
        self._digest.see(population)
        sources = self._bring_to_end(population.source) if population.source else Ended()
        splits = population.data.load()
        if not isinstance(splits, Splits):
            raise UserError(
                f"{population.data!r}: load() returned {type(splits).__name__}; it "
                "must return Splits"
            )
        if population.parent is None:  # what derives may be tested on what its parent held out
            check_apart(population.data, splits)
        choice = self._choose(population)
        writer = self._writer(population, splits, choice)
        first = population.name not in self._tried
        self._tried.add(population.name)
        if not writer.finished or first:
            for member in sorted({*writer.done_members(), *writer.diverged_members()}):
                self._tell("kept", population, member)
            if _missing(population, writer):
                writer.check_can_add()
            sources = self._with_damaged(population, sources, writer)
            self._orphans(population, sources, writer)
            work = self._work(population, sources, writer, choice)
            if work.chunks:
                self._explain(population, choice, writer)
                self._train(work, writer, choice)
        return self._finish(population, writer)

    def _choose(self, population: Population) -> Choice:
        workers = self.machine.workers or cores()
        means = Means(
            self.device,
            workers,
            self.machine.chunk,
            running="processes" in self._places,
            warm_up=warm_up,
        )
        return choose(population, self.machine.runner, means, self.folder(population))

    def _writer(self, population: Population, splits: Splits, choice: Choice) -> PopulationWriter:
        folder = self.folder(population)
        plan = plan_of(
            population,
            splits,
            choice.name,
            self.device,
            self.scale,
            self.study_source,
            self._digest,
        )
        weights = weights_bytes(population, splits)
        parts = len(splits.train.label_N), len(splits.test.label_N)
        held_out = 0 if splits.held_out is None else len(splits.held_out.label_N)
        size = Size(*parts, len(splits.classes), weights, held_out)
        beside = population.members * (weights + probes_bytes(population, size))
        looked_at = any(entry.part in ("train", "held_out") for entry in plan.probes.values())
        writer = PopulationWriter(
            folder,
            plan,
            examples_table(splits.test),
            train=train_table(splits) if looked_at or splits.recorded else None,
            members=population.members,
            beside=beside,
            accept=self.accept,
        )
        surplus = sorted(
            {*writer.done_members(), *writer.diverged_members()} - set(member_ids(population))
        )
        if surplus:
            raise RecordError(
                f"{folder}: holds member {surplus[0]!r}, but only {population.members} members are "
                "wanted; choose another folder or delete this one"
            )
        return writer

    def _with_damaged(
        self, population: Population, sources: Ended, writer: PopulationWriter
    ) -> Ended:
        """The same without members of the parent or teacher whose weights are not what was
        written."""
        if population.source is None or not _missing(population, writer):
            return sources
        paths = {m: self._weights(population.source, m) for m in sources.done}
        damaged = frozenset(
            m for m, path in paths.items() if path.exists() and not _as_written(path)
        )
        return replace(sources, done=sources.done - damaged, damaged=damaged)

    def _orphans(self, population: Population, sources: Ended, writer: PopulationWriter) -> None:
        """A member whose parent or teacher failed or diverged has done so with it."""
        if population.source is None:
            return
        role = "teacher" if population.teacher else "parent"
        its_source = f"its {role} member in {population.source.name!r}"
        for job in _missing(population, writer):
            source = source_member(population, job.index)
            if source in sources.diverged:
                self._record(population, writer, job, Diverged(f"{its_source} diverged"))
            elif source in sources.damaged:
                said = (
                    f"the weights of {its_source} are not the ones that were written; put them "
                    "back or train it again"
                )
                self._record(population, writer, job, Failure(said))
            elif source not in sources.done:
                self._record(population, writer, job, Failure(f"{its_source} failed"))

    def _work(
        self, population: Population, sources: Ended, writer: PopulationWriter, choice: Choice
    ) -> Work:
        """What is left, in chunks cut by a member's number, so that a resumed run stacks the same
        members together; a stack that lacks one member is made whole again."""
        missing = {job.id for job in _missing(population, writer)}
        chunks = []
        for start in range(0, population.members, choice.chunk):
            chunk = range(population.members)[start : start + choice.chunk]
            able = [
                m
                for m in chunk
                if population.source is None or source_member(population, m) in sources.done
            ]
            if missing & {member_id(m) for m in able}:
                chunks.append(tuple(self._job(population, m) for m in able))
        return Work(
            population, tuple(chunks), choice.how, self.device, self.folder(population) / UNFINISHED
        )

    def _job(self, population: Population, index: int) -> Job:
        if population.source is None:
            return Job(index, member_id(index))
        path = self._weights(population.source, source_member(population, index))
        if not path.exists():
            does = "learns" if population.teacher else "derives"
            raise UserError(
                f"{path}: these weights are gone, and {population.name!r} {does} from them; delete "
                f"{self.folder(population.source)} and {self.folder(population)} to train both "
                "again"
            )
        if population.teacher:
            return Job(index, member_id(index), teacher_weights=path)
        return Job(index, member_id(index), parent_weights=path)

    def _train(self, work: Work, writer: PopulationWriter, choice: Choice) -> None:
        """Record results as they come; what is there already is not recorded twice."""
        missing = {job.id for job in _missing(work.population, writer)}
        with closing(self._place(choice.where).results(work, self.watch)) as results:
            for job, result in results:
                if job.id in missing:
                    self._record(work.population, writer, job, result)

    def _place(self, where: Where) -> Place:
        """Where to train; workers stay for the next population."""
        if where not in self._places:
            self._places[where] = self._opened(where)
        return self._places[where]

    def _opened(self, where: Where) -> Place:
        if where == "here":
            return Here(self.asked)
        if where == "processes":
            return Processes(self.machine.workers or cores(), self.asked)
        from undertow.lab.runner.places.cluster import RayCluster

        machine = self.machine
        return RayCluster(
            machine.address, machine.gpus_per_chunk, 1.0, asked=self.asked, workers=machine.workers
        )

    def _explain(self, population: Population, choice: Choice, writer: PopulationWriter) -> None:
        """Say once why this runner and this arithmetic, and of which code a change will not be
        noticed."""
        unseen = [name for name, digest in writer.plan.built_from.items() if digest == UNKNOWN]
        for said in (
            f"runner {choice.name}: {choice.reason}",
            f"arithmetic: {reason(population.recipe.precision, torch.device(self.device))}",
            *(
                f"the code of {name} cannot be read, so a later change of it will not be noticed"
                for name in unseen
            ),
        ):
            if said not in self._said:
                self._said.add(said)
                self.watch(Event("note", population.name, "", population.members, reason=said))

    def _record(
        self,
        population: Population,
        writer: PopulationWriter,
        job: Job,
        result: Outcome | Diverged | Failure,
    ) -> None:
        seeds = population.seeds.member(population.name, job.index)
        source = source_member(population, job.index)
        parent, teacher = (
            source if population.parent else None,
            source if population.teacher else None,
        )
        match result:
            case Outcome():
                # the record, written next, must not outlive the weights
                weights = self._weights(population, job.id)
                write_whole(weights, result.weights)
                write_whole(_digest_file(weights), f"{sha256(result.weights)}\n".encode())
                for epoch, snapshot in result.snapshots.items():
                    kept = self._weights(population, f"{job.id}@{epoch}")
                    write_whole(kept, snapshot)
                    write_whole(_digest_file(kept), f"{sha256(snapshot)}\n".encode())
                writer.write_member(
                    job.id,
                    result.proba_NC.argmax(axis=1),
                    result.proba_NC,
                    seeds=seeds,
                    facts=result.facts,
                    parent=parent,
                    teacher=teacher,
                    seconds=result.seconds,
                    processor_seconds=result.processor_seconds,
                    probed=result.probed,
                )
                for served in (self.folder(population) / UNFINISHED).glob(f"{job.id}-[0-9]*"):
                    # a stack's checkpoint serves until its last member is written
                    served.unlink(missing_ok=True)
                self._tell("done", population, job.id)
            case Diverged():
                writer.diverge_member(
                    job.id, result.reason, seeds=seeds, parent=parent, teacher=teacher
                )
                self._tell("diverged", population, job.id, result.reason)
            case Failure(fatal=True):
                raise NoEffectError(
                    f"population {population.name!r}, member {job.id}: {result.reason}"
                )
            case Failure():
                writer.fail_member(
                    job.id, result.reason, seeds=seeds, parent=parent, teacher=teacher
                )
                self._tell("failed", population, job.id, result.reason, result.trace)

    def _tell(
        self, kind: Kind, population: Population, member: str, reason: str = "", trace: str = ""
    ) -> None:
        self.watch(
            Event(kind, population.name, member, population.members, reason=reason, trace=trace)
        )

    def _finish(self, population: Population, writer: PopulationWriter) -> Ended:
        ended = Ended(frozenset(writer.done_members()), frozenset(writer.diverged_members()))
        manifest = writer.finish(study_source=self.study_source)
        folder = self.folder(population)
        shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
        for unfinished in (folder / "weights").glob("*.tmp"):
            unfinished.unlink()
        if not ended.done:
            raise UndertowError(
                f"no member of population {population.name!r} is of use; {manifest.notes[0]}"
            )
        return ended


@dataclass(frozen=True)
class Ended:
    """Members of a population that is at its end."""

    done: frozenset[str] = frozenset()
    diverged: frozenset[str] = frozenset()
    damaged: frozenset[str] = frozenset()
    """Done, but with other weights than were written."""


def _digest_file(weights: Path) -> Path:
    """Beside weights: the SHA-256 of what was written, so that swapped or damaged ones are not
    built upon."""
    return weights.with_name(f"{weights.name}.sha256")


def _as_written(weights: Path) -> bool:
    """Whether weights are what was written; those of earlier versions have nothing to compare
    with."""
    said = _digest_file(weights)
    return not said.exists() or said.read_text(
        encoding="utf-8", errors="replace"
    ).strip() == sha256(weights.read_bytes())


def _check_precisions(population: Population, device: str) -> None:
    """``UserError`` where the device lacks a number format, or a fine-tuning asks for weights of
    another type."""
    asked = population.recipe.precision
    for recipe in (
        population.recipe,
        *(i.finetune for i in population.interventions if i.finetune),
    ):
        check_precision(recipe.precision, torch.device(device))
        if storage(recipe.precision) != storage(asked):
            raise UserError(
                f"population {population.name!r}: its fine-tuning asks for precision "
                f"{recipe.precision!r} and its parents have {asked!r}; give both the same"
            )


def _missing(population: Population, writer: PopulationWriter) -> list[Job]:
    """Members that are neither done nor diverged."""
    there = {*writer.done_members(), *writer.diverged_members()}
    return [
        Job(index, member)
        for index, member in enumerate(member_ids(population))
        if member not in there
    ]
