"""Where members are trained: one after the other here (``loop``), or side by side in ``processes``. Same bytes."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from pickle import PicklingError

from undertow.errors import NoEffectError, UndertowError, UserError
from undertow.lab.data.dataset import Splits
from undertow.lab.population import Population
from undertow.lab.train.member import Outcome, make_member
from undertow.lab.train.progress import Event, Watcher
from undertow.lab.train.resident import Resident, resident
from undertow.lab.train.threads import one_thread


@dataclass(frozen=True)
class Job:
    """One member to make. ``parent_weights`` is None for one that is trained from scratch."""

    index: int
    id: str
    weights: Path
    parent_weights: Path | None


@dataclass(frozen=True)
class Failure:
    """Why a member could not be made. ``fatal`` stops the population: the design is wrong, not this member."""

    reason: str
    fatal: bool = False


Result = tuple[Job, Outcome | Failure]


def in_loop(
    population: Population, jobs: Sequence[Job], splits: Splits, device: str, watch: Watcher
) -> Generator[Result, None, None]:
    """Make the members here, one after the other."""
    with one_thread():
        data = resident(splits, device)
        for job in jobs:
            yield job, attempt(population, job, data, watch)


def attempt(population: Population, job: Job, data: Resident, watch: Watcher) -> Outcome | Failure:
    """Make one member; whatever goes wrong with it becomes a ``Failure``, so that the others can go on."""

    def tell(epoch: int, epochs: int) -> None:
        watch(Event("epoch", population.name, job.id, population.members, epoch, epochs))

    watch(Event("started", population.name, job.id, population.members))
    try:
        return make_member(population, job.index, data, job.weights, job.parent_weights, tell)
    except NoEffectError as error:
        return Failure(str(error), fatal=True)
    except BrokenPipeError:
        raise  # nobody is listening any more: this worker's parent is gone
    except Exception as error:
        plain = isinstance(error, UndertowError)
        return Failure(str(error) if plain else f"{type(error).__name__}: {error}")


def in_processes(
    population: Population, jobs: Sequence[Job], workers: int, device: str, watch: Watcher
) -> Generator[Result, None, None]:
    """Make the members in ``workers`` fresh processes that each load the data once and take every n-th job.

    Leaving early, by an error or Ctrl-C, stops the workers; killing this process stops them at their next epoch.
    """
    context = clean_processes()
    running: dict[Connection, BaseProcess] = {}
    try:
        for worker in range(min(workers, len(jobs))):
            receiver, sender = context.Pipe(duplex=False)
            process: BaseProcess = context.Process(
                target=_work, args=(population, jobs[worker::workers], device, sender), daemon=True
            )
            _start(process, population)
            sender.close()  # or the end of the worker would never show here
            running[receiver] = process
        yield from _results(running, population, watch)
    finally:
        for process in running.values():
            process.terminate()
            process.join()


def clean_processes() -> ForkServerContext | SpawnContext:
    """Processes that share nothing with this one: forked from a server that has only imported torch (and what the
    first optimizer would), which saves each worker seconds; started from nothing where there is no such server."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # nothing of ours: polars starts threads when imported, and a process with threads must not be forked
    context.set_forkserver_preload(["torch", "torch._dynamo"])
    return context


def _start(process: BaseProcess, population: Population) -> None:
    try:
        process.start()
    except (PicklingError, AttributeError, TypeError) as error:
        raise UserError(
            f"population {population.name!r} cannot be sent to another process ({error}); choose --runner loop, or "
            "define its classes in a module that can be imported"
        ) from error


def _results(
    running: dict[Connection, BaseProcess], population: Population, watch: Watcher
) -> Generator[Result, None, None]:
    listening = dict(running)
    while listening:
        for receiver in wait(list(listening)):
            assert isinstance(receiver, Connection)
            try:
                message = receiver.recv()
            except EOFError:
                process = listening.pop(receiver)
                process.join()
                if process.exitcode:
                    raise UndertowError(
                        f"population {population.name!r}: a worker stopped with exit code {process.exitcode}, "
                        "perhaps for lack of memory; finished members are kept: run again, or with fewer workers"
                    ) from None
                continue
            if isinstance(message, Event):
                watch(message)
            else:
                yield message


def _work(population: Population, jobs: Sequence[Job], device: str, sender: Connection) -> None:
    """A worker's life. Ctrl-C reaches the whole terminal group; the parent alone answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with one_thread():
            data = resident(population.data.load(), device)
            for job in jobs:
                sender.send((job, attempt(population, job, data, sender.send)))
    except BrokenPipeError:
        return
