"""Training on a Ray cluster: many machines, any of which may be lost."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pickle import PicklingError
from typing import Any, cast

from undertow.errors import UndertowError, UserError, install
from undertow.lab.runner.checkpoint import Stopped, never
from undertow.lab.runner.places.cluster_keeper import FILES, READERS, Keeper
from undertow.lab.runner.places.cluster_worker import Order, module_folders, train_chunk
from undertow.lab.runner.places.job import Diverged, Failure, Job, Outcome, Result, Work
from undertow.lab.runner.progress import Event, Watcher
from undertow.lab.runner.threads import cores

LOOK = 0.2
"""Seconds between two looks at the workers' news."""

PATIENCE = 600.0
"""Seconds that a cluster may be without any node that could take a chunk: nodes come and go."""

REACH = 10.0
"""Seconds for a cluster to answer."""

LOST = ("WorkerCrashedError", "NodeDiedError", "OutOfMemoryError", "ObjectLostError")
"""Ray's errors that say nothing about the chunk: it may well succeed elsewhere."""


class RayCluster:
    """Chunks as Ray tasks, each with so many CPUs and, on an accelerator, so much of a GPU (0.25
    puts four on one).

    ``address`` is a running cluster's (``auto``, or ``host:port``, from one of its machines); None
    starts Ray on this machine, with ``workers`` CPUs (all of them unless told). Ray is started or
    reached by the first ``results``, and left by ``close`` if it was not in use before.

    Nothing need be shared between machines but the Python environment: results come back through
    Ray and the caller writes them; checkpoints and the weights of parents and teachers travel
    through an actor on the caller's machine. Shared storage adds two things: data sets and study
    modules need no copies on every machine (folders on this process's ``sys.path`` are searched on
    workers too, after their own), and files need not pass through one machine's network.

    A chunk whose process or machine is lost runs again elsewhere, from its last checkpoint and
    without the members that have arrived. Lost more than ``retries`` times in a row, with no member
    arriving in between, the member that was being trained becomes a ``Failure`` (all of them where
    they are trained in one step). Ray's own retries are off: they would train members again that
    have arrived.

    A process that has used a GPU cannot move to another one, so on accelerators every chunk starts
    a new process; on CPUs processes are used again, with the data set they have.
    """

    def __init__(
        self,
        address: str | None,
        gpus_per_chunk: float,
        cpus_per_chunk: float,
        retries: int = 3,
        asked: Callable[[], bool] = never,
        workers: int | None = None,
    ) -> None:
        self.address, self.gpus, self.cpus = address, gpus_per_chunk, cpus_per_chunk
        self.workers = workers or cores()
        self.retries, self.asked = retries, asked
        self._ray: Any = None
        self._keeper: Any = None
        self._ours = False
        self._runs = itertools.count(1)

    def results(self, work: Work, watch: Watcher) -> Generator[Result, None, None]:
        """Yield results in the order in which they arrive.

        ``UserError`` where Ray is missing or out of reach, no machine is large enough, or the
        population or its data cannot be had on a worker; ``Stopped`` where somebody asked to stop,
        once every worker has kept its checkpoint.
        """
        self._connect()
        run = _Run(self, self._ray, self._keeper, work, next(self._runs))
        try:
            yield from run.results(watch)
        finally:
            run.cancel()

    def close(self) -> None:
        """Leave Ray as it was found."""
        if self._ray is None:
            return
        if self._ours:
            self._ray.shutdown()
        elif self._ray.is_initialized():
            self._ray.kill(self._keeper)
        self._ray = self._keeper = None

    @property
    def alone(self) -> bool:
        """Whether this machine is the whole cluster, so that no other will come."""
        return self._ours and self.address is None

    def needs(self, device: str) -> dict[str, float]:
        """What one chunk takes of a node."""
        return {"CPU": self.cpus} | ({"GPU": self.gpus} if device.startswith("cuda") else {})

    def _connect(self) -> None:
        if self._ray is not None:
            return
        ray = _imported()
        self._ours = not ray.is_initialized()
        if self._ours:
            with _sigterm_kept():
                _start(ray, self.workers) if self.address is None else _reach(ray, self.address)
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        keeper = ray.remote(
            num_cpus=0, max_restarts=-1, max_task_retries=-1, concurrency_groups={FILES: READERS}
        )
        self._keeper = keeper(Keeper).options(scheduling_strategy=here).remote()
        self._ray = ray


def _imported() -> Any:
    """Ray, kept from printing: it says on stdout what it thinks of every lost worker, and decides
    so on import."""
    quiet = "RAY_DEDUP_LOGS_SKIP_REGEX"
    before = os.environ.get(quiet)
    os.environ.setdefault(quiet, ".")
    try:
        import ray
    except ImportError:
        raise UserError(f"Ray is not installed; run {install('ray')}") from None
    finally:
        if before is None:
            del os.environ[quiet]
    return ray


def _start(ray: Any, workers: int) -> None:
    ray.init(
        address="local",
        num_cpus=workers,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )


def _reach(ray: Any, address: str) -> None:
    if "://" in address:
        raise UserError(
            f"--address {address}: results cannot be streamed to Ray's client; run this on a "
            "machine of the cluster, with --address auto"
        )
    host, _, port = address.rpartition(":")
    try:
        if address != "auto":  # Ray itself would try for minutes, and print
            socket.create_connection((host, int(port)), timeout=REACH).close()
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except Exception as error:
        raise UserError(
            f"--address {address}: no Ray cluster can be reached there "
            f"({str(error).splitlines()[0]}); start one with "
            "ray start --head, or leave --address out to use this machine alone"
        ) from error


@contextmanager
def _sigterm_kept() -> Generator[None, None, None]:
    """Ray replaces what SIGTERM does. Where it did nothing in particular, Ray's way (end, and end
    Ray too) is good."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if signal.getsignal(signal.SIGTERM) is not before and before not in (None, signal.SIG_DFL):
        signal.signal(signal.SIGTERM, before)


@dataclass(eq=False)
class _Piece:
    """One chunk on the cluster: what was sent, and what has not arrived yet."""

    chunk: Sequence[Job]
    owed: dict[str, Job]
    lost: int = 0


class _Run:
    """One population on the cluster."""

    def __init__(self, place: RayCluster, ray: Any, keeper: Any, work: Work, run: int) -> None:
        self.place, self.ray, self.keeper, self.work, self.run = place, ray, keeper, work, run
        self._lost = tuple(getattr(ray.exceptions, name) for name in LOST)
        self._order = ray.put(self._described())
        needs = place.needs(work.device)
        calls = 1 if "GPU" in needs else 0  # 0 is for ever
        # Ray keeps processes of another environment apart
        variables = work.population.environment
        self._task = ray.remote(max_calls=calls)(train_chunk).options(
            num_cpus=needs["CPU"],
            num_gpus=needs.get("GPU", 0),
            max_retries=0,
            name=f"undertow {work.population.name}",
            **({"runtime_env": {"env_vars": variables}} if variables else {}),
        )
        self._running: dict[Any, _Piece] = {}
        self._begun: set[str] = set()
        """Members that were heard of."""
        self._room = time.monotonic()
        """When there was a node last that could take a chunk."""
        self._next_look, self._waiting = 0.0, False

    def results(self, watch: Watcher) -> Generator[Result, None, None]:
        stop = False
        self._hear(watch, stop)
        for chunk in self.work.chunks:
            self._send(_Piece(chunk, {job.id: job for job in chunk}))
        while self._running:
            self._look_for_room(watch)
            ready, _ = self.ray.wait(list(self._running), num_returns=1, timeout=LOOK)
            if not stop and self.place.asked():
                stop = True
                self._drop_waiting()
            self._hear(watch, stop)
            for stream in ready:
                yield from self._take(stream, stop)
        if stop:
            raise Stopped

    def cancel(self) -> None:
        """End the processes that still train."""
        for stream in list(self._running):
            self._end(stream)

    def _end(self, stream: Any) -> None:
        self.ray.cancel(stream, force=True)
        del self._running[stream]

    def _drop_waiting(self) -> None:
        """End what has not begun, so that no process starts only to be stopped."""
        for stream, piece in list(self._running.items()):
            if not self._begun.intersection(job.id for job in piece.chunk):
                self._end(stream)

    def _described(self) -> Order:
        from ray import cloudpickle

        population, dumps = self.work.population, cast(Any, cloudpickle.dumps)
        try:
            described = dumps(population)
        except (PicklingError, AttributeError, TypeError) as error:
            raise UserError(
                f"population {population.name!r} cannot be sent to another process ({error}); "
                "choose --runner loop, or keep out of its data, model and interventions what "
                "cannot be copied"
            ) from error
        # Ray says which one
        device = "cuda" if self.work.device.startswith("cuda") else self.work.device
        return Order(
            population.name,
            described,
            self.work.how,
            device,
            self.work.unfinished.absolute(),
            module_folders(),
            self.run,
        )

    def _hear(self, watch: Watcher, stop: bool) -> None:
        for event in self.ray.get(self.keeper.news.remote(self.run, stop)):
            self._begun.add(event.member)
            watch(event)

    def _send(self, piece: _Piece) -> None:
        """Members that have arrived are left out, unless all are trained in one step, which needs
        them all."""
        if self.work.how == "single":
            piece.chunk = tuple(piece.owed.values())
        self._running[self._task.remote(self.keeper, self._order, piece.chunk)] = piece

    def _take(self, stream: Any, stop: bool) -> Generator[Result, None, None]:
        """What comes next from one task."""
        piece = self._running[stream]
        try:
            said = self.ray.get(next(stream))
        except StopIteration:
            del self._running[stream]
            if piece.owed and not stop:
                yield from self._again(piece, "ended early")
        except self.ray.exceptions.RayTaskError as error:
            raise UserError(
                f"population {self.work.population.name!r}: a Ray worker cannot train "
                f"({_short(error.cause)}); every machine needs the same Python with undertow, its "
                "extras and what the study imports"
            ) from error
        except self._lost as error:
            del self._running[stream]
            yield from self._again(piece, _short(error))
        except self.ray.exceptions.RayError as error:
            raise UndertowError(
                f"population {self.work.population.name!r}: {_short(error)}"
            ) from error
        else:
            if isinstance(said, UndertowError):
                raise said
            job = piece.owed.pop(said[0], None)
            if job:  # or it had arrived before its worker was lost
                piece.lost = 0
                yield job, _own(said[1])

    def _again(self, piece: _Piece, why: str) -> Generator[Result, None, None]:
        """Send a lost chunk once more, or give up on what it was at."""
        piece.lost += 1
        if piece.lost > self.place.retries:
            hopeless = list(piece.owed) if self.work.how == "stacked" else list(piece.owed)[:1]
            times = "once" if piece.lost == 1 else f"{piece.lost} times"
            reason = f"its worker was lost {times} ({why}), perhaps for lack of memory"
            for member in hopeless:
                yield piece.owed.pop(member), Failure(reason)
            piece.lost = 0
        if piece.owed:
            self._send(piece)

    def _look_for_room(self, watch: Watcher) -> None:
        """``UserError`` where no node could ever take a chunk, for which Ray would wait for
        ever."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + REACH
        needs = self.place.needs(self.work.device)
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        if any(
            all(node.get(name, 0) >= amount for name, amount in needs.items()) for node in nodes
        ):
            self._room, self._waiting = now, False
            return
        wanted = " and ".join(f"{amount:g} {name}" for name, amount in needs.items())
        if self.place.alone or now - self._room > PATIENCE:
            raise UserError(
                f"no machine of the Ray cluster has {wanted}, which one chunk needs: add one, or "
                "ask for less"
            )
        if not self._waiting:
            name, members = self.work.population.name, self.work.population.members
            watch(Event("note", name, "", members, reason=f"waiting for a machine with {wanted}"))
        self._waiting = True


def _own(result: Outcome | Diverged | Failure) -> Outcome | Diverged | Failure:
    """The result in this process's memory: arrays come as views of Ray's, which goes when Ray
    does."""
    return (
        replace(result, proba_NC=result.proba_NC.copy()) if isinstance(result, Outcome) else result
    )


def _short(error: BaseException | None) -> str:
    """An error of Ray's in one line; it explains at length."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0][:200]}" if said else type(error).__name__
