"""Training in processes side by side on this machine, which stay between populations."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from types import FrameType, ModuleType
from typing import Any

import cloudpickle

from undertow.errors import UndertowError, UserError
from undertow.lab.own_code import told
from undertow.lab.runner.checkpoint import FolderShelf, Stopped, never
from undertow.lab.runner.places.chunk import make_chunk, resident_for
from undertow.lab.runner.places.job import Failure, Job, Result, Work
from undertow.lab.runner.progress import Event, Watcher
from undertow.lab.runner.threads import keep_memory, one_thread

LOOK = 0.2
"""Seconds between two looks at whether somebody asked to stop."""

OVER = None
"""A worker's word that its chunk is over."""


class Processes:
    """Up to ``workers`` processes that take the next chunk when they are free, each with one
    thread.

    They start with the first population (2 to 3 s) and keep its data for the next, unless that has
    to be trained in processes that are started with another environment: then new ones take their
    place. Leaving ``results`` early stops them; killing this process stops them at their next
    message. A worker that dies takes its chunk's members with it, as failures, and is replaced.
    """

    def __init__(self, workers: int, asked: Callable[[], bool] = never) -> None:
        self.workers, self.asked = workers, asked
        self._context = clean_processes()
        # no lock that a killed worker could keep
        self._stop = self._context.RawValue(ctypes.c_bool, False)
        self._processes: dict[Connection, BaseProcess] = {}
        self._busy: dict[Connection, set[Job]] = {}
        """What each worker that is at work still owes."""
        self._environment: dict[str, str] = {}
        """Variables that workers are started with, beside this process's own."""

    def results(self, work: Work, watch: Watcher) -> Generator[Result, None, None]:
        """Yield results in the order in which members end.

        ``UserError`` where the population cannot be sent to another process or its data cannot be
        read; ``Stopped`` where somebody asked to stop, once every worker has kept its checkpoint.
        """
        waiting, whole = list(work.chunks), False
        if work.population.environment != self._environment:
            self.close()
            self._environment = work.population.environment
        try:
            while waiting or self._busy:
                while waiting and len(self._busy) < self.workers:
                    self._give(work, waiting.pop(0))
                if self.asked():
                    self._stop.value = True
                    waiting.clear()
                for connection in wait(list(self._busy), timeout=LOOK):
                    assert isinstance(connection, Connection)
                    yield from self._hear(connection, watch)
            whole = True
        finally:
            if not whole or self._stop.value:
                self.close()
        if self._stop.value:
            raise Stopped

    def close(self) -> None:
        """End all workers."""
        for connection, process in self._processes.items():
            process.kill()
            process.join()
            connection.close()
        self._processes, self._busy = {}, {}

    def _give(self, work: Work, chunk: tuple[Job, ...]) -> None:
        """Send one chunk to a worker that is free, or to a new one."""
        connection = self._free()
        try:
            connection.send_bytes(_described(replace(work, chunks=(chunk,))))
        except OSError:  # it died just now
            self._processes.pop(connection).join()
            self._give(work, chunk)
            return
        self._busy[connection] = set(chunk)

    def _free(self) -> Connection:
        """A worker that is idle and alive, or a new one."""
        for connection, process in list(self._processes.items()):
            if connection not in self._busy:
                if process.is_alive():
                    return connection
                self._processes.pop(connection).join()
                connection.close()
        return self._start()

    def _start(self) -> Connection:
        ours, theirs = self._context.Pipe()
        # libraries read some variables as they are loaded: in the server they are loaded already
        context = multiprocessing.get_context("spawn") if self._environment else self._context
        with no_main(), environment_with(self._environment):
            process: BaseProcess = context.Process(
                target=_live, args=(theirs, self._stop, dict(os.environ)), daemon=True
            )
            process.start()
        theirs.close()  # or the end of the worker would never show here
        self._processes[ours] = process
        return ours

    def _hear(self, connection: Connection, watch: Watcher) -> Generator[Result, None, None]:
        """One message of a worker."""
        try:
            message = connection.recv()
        except (EOFError, OSError):  # dead, maybe in the middle of a message
            yield from self._bury(connection)
            return
        if message is OVER:
            yield from self._failed(self._busy.pop(connection), "its process was told to stop")
        elif isinstance(message, Event):
            watch(message)
        elif isinstance(message, Exception):
            raise message
        else:
            self._busy[connection].discard(message[0])
            yield message

    def _bury(self, connection: Connection) -> Generator[Result, None, None]:
        """Report what a dead worker owed."""
        process, owed = self._processes.pop(connection), self._busy.pop(connection)
        process.join()
        killed = process.exitcode is not None and process.exitcode < 0
        hint = (
            "perhaps for lack of memory: try fewer workers"
            if killed
            else "see its error above, or try --runner loop"
        )
        yield from self._failed(
            owed, f"its process ended with exit code {process.exitcode}, {hint}"
        )

    def _failed(self, owed: set[Job], reason: str) -> Generator[Result, None, None]:
        """What a worker will not deliver; nothing where all of them were asked to stop, for they
        will go on."""
        if not (self.asked() or self._stop.value):
            for job in sorted(owed, key=lambda job: job.index):
                yield job, Failure(reason)


def clean_processes() -> ForkServerContext | SpawnContext:
    """Processes that share nothing with this one: forked from a server that has only imported torch
    (and what the first optimizer would), which saves each worker seconds; started from nothing
    where there is no such server."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # nothing of ours: polars starts threads when imported, and a process with threads must not be
    # forked
    context.set_forkserver_preload(["torch", "torch._dynamo"])
    return context


def warm_up() -> None:
    """Start the server that workers are forked from, which imports torch meanwhile. Returns at
    once."""
    if isinstance(clean_processes(), ForkServerContext):
        from multiprocessing.forkserver import ensure_running

        ensure_running()


@contextmanager
def environment_with(variables: Mapping[str, str]) -> Iterator[None]:
    """Processes that start inside have these variables too."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def no_main() -> Iterator[None]:
    """A process that starts inside does not run the caller's script again, as multiprocessing would
    have it: a script needs no ``if __name__ == "__main__"``, and what it or a notebook defines
    travels with the work."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _described(work: Work) -> bytes:
    """The work as bytes, classes of the caller's script included. ``UserError`` where something in
    it cannot travel."""
    try:
        described: bytes = cloudpickle.dumps(work)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UserError(
            f"population {work.population.name!r} cannot be sent to another process ({error}); "
            "choose --runner loop, or keep out of its data, model and interventions what cannot "
            "be copied"
        ) from error
    return described


class _Leaving:
    """SIGTERM in a worker: idle it ends, at work it keeps a checkpoint first. Schedulers send it to
    everybody."""

    def __init__(self, stop: Any) -> None:
        self.stop, self.busy, self.told = stop, False, False
        signal.signal(signal.SIGTERM, self._hear)

    def __call__(self) -> bool:
        return self.told or bool(self.stop.value)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if not self.busy:
            raise SystemExit
        self.told = True


def _live(connection: Connection, stop: Any, environment: dict[str, str]) -> None:
    """A worker's life: chunks come in, results go out. Ctrl-C reaches the whole terminal group; the
    parent alone answers it. Its environment is the parent's and not that of the server it is forked
    from, which may have started before the parent's was changed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    leaving = _Leaving(stop)
    keep_memory()
    try:
        with one_thread():
            while not leaving.told:
                described = connection.recv_bytes()
                leaving.busy = True
                _serve(connection, described, leaving)
                leaving.busy = False
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent is gone


def _serve(connection: Connection, described: bytes, asked: Callable[[], bool]) -> None:
    try:
        # the parent's words, through a pipe that nobody else holds
        work: Work = pickle.loads(described)
    except (Exception, SystemExit) as error:
        connection.send(
            UserError(
                f"a worker cannot make the population that it was sent ({told(error)}); put the "
                "modules of its data, model and interventions where Python finds them, or choose "
                "--runner loop"
            )
        )
        return
    try:
        data = resident_for(work.population, work.device)
    except (Exception, SystemExit) as error:
        said = f"a worker cannot load the data of {work.population.name!r} ({told(error)})"
        connection.send(error if isinstance(error, UndertowError) else UserError(said))
        return
    shelf, (chunk,) = FolderShelf(work.unfinished), work.chunks
    with suppress(Stopped):  # its checkpoint is kept
        for result in make_chunk(
            work.population, chunk, work.how, data, shelf, connection.send, asked
        ):
            connection.send(result)
    connection.send(OVER)
