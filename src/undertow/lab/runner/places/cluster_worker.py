"""What runs inside a Ray task: one chunk, from its description to a stream of results."""

from __future__ import annotations

import os
import pickle
import sys
import sysconfig
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from undertow.errors import UndertowError, UserError
from undertow.lab.feeds.feed import Feed
from undertow.lab.own_code import told
from undertow.lab.population import Population
from undertow.lab.runner.checkpoint import Stopped
from undertow.lab.runner.places.chunk import make_chunk, resident_for
from undertow.lab.runner.places.cluster_keeper import FILES, KeptShelf, said
from undertow.lab.runner.places.job import Diverged, Failure, How, Job, Outcome
from undertow.lab.runner.progress import Event
from undertow.lab.runner.threads import keep_memory, one_thread

LOOK = 1.0
"""Seconds between two looks of a worker at whether to stop."""

Said = tuple[str, Outcome | Diverged | Failure] | UndertowError
"""A member's id and its result; or what stops the population."""


@dataclass(frozen=True)
class Order:
    """What all tasks of one population share. ``described`` is the pickled population."""

    name: str
    described: bytes
    how: How
    device: str
    unfinished: Path
    folders: tuple[str, ...]
    """Where else to look for modules."""
    run: int

    def population(self) -> Population:
        """The population again; raises ``UserError`` where a module of it is missing here."""
        sys.path.extend(
            folder for folder in self.folders if folder not in sys.path and os.path.isdir(folder)
        )
        try:
            population: Population = pickle.loads(self.described)
        except (ImportError, AttributeError) as error:
            raise UserError(
                f"population {self.name!r} cannot be read on a Ray worker ({error}); install that "
                "module on every node, or put its folder where every node sees it under the same "
                "path"
            ) from error
        return population


def module_folders() -> tuple[str, ...]:
    """The folders this process imports from besides its Python and what is installed there."""
    places = ("stdlib", "platstdlib", "purelib", "platlib")
    installed = {os.path.realpath(sysconfig.get_path(place)) for place in places}
    folders = (os.path.realpath(folder) for folder in sys.path)  # "" is the folder of now
    return tuple(
        folder
        for folder in folders
        if not any(Path(folder).is_relative_to(place) for place in installed)
    )


def train_chunk(keeper: Any, order: Order, chunk: Sequence[Job]) -> Iterator[Said]:
    """The task: results as they come. Weights of parents and teachers pass through a temporary
    folder, since a job has paths."""
    keep_memory()
    if said(keeper.stopping.remote()):
        return
    try:
        with one_thread():
            population = order.population()
            data = _data(population, order.device)
            with (
                TemporaryDirectory(prefix="undertow-") as folder,
                _stop_sign(keeper) as asked,
                suppress(Stopped),
            ):
                jobs = [_fetched(keeper, job, Path(folder)) for job in chunk]
                shelf, tell = KeptShelf(keeper, order.unfinished), partial(_tell, keeper, order.run)
                for job, result in make_chunk(
                    population, jobs, order.how, data, shelf, tell, asked.is_set
                ):
                    said(keeper.heard.remote())  # a member's news must not come after its result
                    yield job.id, result
    except UndertowError as error:
        yield error


def _data(population: Population, device: str) -> Feed:
    try:
        return resident_for(population, device)
    except OSError as error:
        raise UserError(
            f"population {population.name!r}: its data cannot be read on a Ray worker ({error}); "
            "put them where every node sees them under the same path"
        ) from error
    except UndertowError:
        raise
    except Exception as error:
        raise UserError(
            f"a worker cannot load the data of {population.name!r} ({told(error)})"
        ) from error


def _tell(keeper: Any, run: int, event: Event) -> None:
    keeper.tell.remote(run, event)


def _fetched(keeper: Any, job: Job, folder: Path) -> Job:
    """The job with the weights of its parent and its teacher in files of this machine, each fetched
    once."""

    def fetched(path: Path | None, role: str) -> Path | None:
        if path is None:
            return None
        here = folder / f"{role}-{path.name}"
        if not here.exists():
            here.write_bytes(said(keeper.weights.options(concurrency_group=FILES).remote(path)))
        return here

    return replace(
        job,
        parent_weights=fetched(job.parent_weights, "parent"),
        teacher_weights=fetched(job.teacher_weights, "teacher"),
    )


@contextmanager
def _stop_sign(keeper: Any) -> Iterator[threading.Event]:
    """Set once the driver wants a stop. A thread asks the keeper, since every training step looks
    at it."""
    sign, over = threading.Event(), threading.Event()

    def look() -> None:
        while not over.wait(LOOK):
            if said(keeper.stopping.remote()):
                sign.set()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield sign
    finally:
        over.set()
        thread.join()
