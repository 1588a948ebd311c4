"""Which runner trains a population: as asked, as its members or its neighbours were trained, or by
measurement."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch

from undertow.errors import UserError
from undertow.lab.feeds.feed import Feed
from undertow.lab.held_values import without_address
from undertow.lab.interventions.site import AbstractArithmetic
from undertow.lab.population import Population
from undertow.lab.runner.member import trainings
from undertow.lab.runner.memory import member_memory, members_that_fit
from undertow.lab.runner.places.chunk import resident_for
from undertow.lab.runner.places.job import How
from undertow.lab.runner.threads import one_thread
from undertow.lab.runner.trial import first_training, seconds_per_step
from undertow.lab.trainings.untrained import Untrained
from undertow.records.folder import MANIFEST, PLAN
from undertow.records.opening import read_file

STARTING = 2.5
"""Seconds until the first worker process trains, measured on two cores; workers that are there cost
nothing."""

WORTH = 1.1
"""How many times as fast stacked members must be to be chosen: their float32 sums are taken in
another order, so they do not give the reference's bytes."""

LARGEST = {"cpu": 32, "cuda": 64}
"""Members of one stack at most: beyond it the cost per member no longer falls
(``docs/populations-measured.md``),"""

LARGER = 256
"""but for the smallest networks on a GPU: there ``auto`` also tries this many."""

RAY_STACK = 16
"""Members of one stack on a cluster's GPU: the machine that asks may have none, so nothing can be
counted there."""

BOUND = 0.015
"""Seconds of a step on one core beyond which a stack is not tried, and of a stack's on a GPU beyond
which a larger one is not: what they save is time between operations."""

FEW = 500
"""Steps of all members together up to which no worker is started ahead: most models are through
with them sooner."""

Where = Literal["here", "processes", "ray"]


@dataclass(frozen=True)
class Choice:
    """How and where a population is trained. ``reason`` is for a person."""

    how: How
    where: Where
    chunk: int
    reason: str

    @property
    def name(self) -> str:
        """What the manifest says. The size of a stack belongs to it: it can change the last bits of
        float32."""
        plain = {"here": "loop", "processes": "processes", "ray": "ray"}[self.where]
        if self.how == "single":
            return plain
        return f"ray/{self.chunk}" if self.where == "ray" else f"stacked/{self.chunk}"


@dataclass(frozen=True)
class Means:
    """What there is to train with. ``running`` says that worker processes are there already."""

    device: str
    workers: int
    chunk: int | None = None
    running: bool = False
    warm_up: Callable[[], None] = lambda: None
    """Called where measuring begins and much is to be trained: workers may be wanted, and take
    seconds to start."""

    @property
    def side_by_side(self) -> bool:
        """Whether processes help: cores are many, an accelerator is one."""
        return self.device == "cpu" and self.workers > 1


def choose(population: Population, runner: str, means: Means, folder: Path) -> Choice:
    """``folder`` is the population's own; its neighbours there are trained alike, so that a study's
    arms differ in nothing but their intervention."""
    _check_able(population)
    why = by_itself(population)
    if why and runner == "stacked":
        raise UserError(
            f"population {population.name!r} cannot be trained in stacks: {why}; leave --runner "
            "out, or give --runner processes"
        )
    if population.environment and runner in ("auto", "loop"):
        return _started_anew(population, runner)
    if runner == "loop":
        return Choice("single", "here", 1, "asked for")
    if runner == "processes":
        return Choice("single", "processes", 1, "asked for")
    if runner == "ray":
        if means.device == "cpu" or why:
            return Choice("single", "ray", 1, f"asked for; {why}" if why else "asked for")
        size = means.chunk or _begun(folder, "ray") or RAY_STACK
        return Choice("stacked", "ray", min(size, population.members), "asked for")
    if runner == "stacked":
        begun = None if means.chunk else _begun(folder, "stacked")
        return _stacked(population, means, begun or stack_size(population, means), "asked for")
    if why:
        beside = means.side_by_side and population.members > 1
        return Choice("single", "processes" if beside else "here", 1, f"no stack, since {why}")
    return _before(population, folder, means) or _measured(population, means)


def _check_able(population: Population) -> None:
    """``UserError`` where this machine lacks what an intervention computes with."""
    for intervention in population.interventions:
        if isinstance(intervention, AbstractArithmetic) and intervention.unable:
            raise UserError(
                f"population {population.name!r}: {intervention!r}: {intervention.unable}"
            )


def _started_anew(population: Population, runner: str) -> Choice:
    """Where a process has to be started with some environment, this one is not it."""
    said = " ".join(f"{name}={value}" for name, value in population.environment.items())
    if runner == "loop":
        raise UserError(
            f"population {population.name!r}: its members train in processes that are started with "
            f"{said}, and --runner loop trains in this one; leave --runner out, or give --runner "
            "processes"
        )
    return Choice("single", "processes", 1, f"processes of their own, started with {said}")


def by_itself(population: Population) -> str:
    """Why several of its members cannot be trained in one step; empty where they can."""
    for training, acting in trainings(population):
        if isinstance(training, Untrained):
            continue
        if training.by_itself:
            return f"under {training!r} {training.by_itself}"
        for intervention in acting:
            if intervention.by_itself:
                return f"under {intervention!r} {intervention.by_itself}"
    return ""


def _begun(folder: Path, kind: str) -> int | None:
    """The size of the stacks that a population was begun with; what is free in memory may have
    changed since."""
    said = _read(folder / MANIFEST) or _read(folder / PLAN)
    found = re.fullmatch(rf"{kind}/(\d+)", str(said.get("runner", "")))
    return int(found[1]) if found else None


def stack_size(population: Population, means: Means, most: int | None = None) -> int:
    """Members of one stack: as asked, or an even share for each process up to ``most``, as far as
    memory goes."""
    if means.chunk:
        return min(means.chunk, population.members)
    processes = min(means.workers, population.members) if means.side_by_side else 1
    device = torch.device(means.device)
    share = min(math.ceil(population.members / processes), most or LARGEST[device.type])
    data = resident_for(population, means.device)
    try:
        memory = member_memory(population, data)
    except Exception:  # a model that cannot be built says so when it is its turn
        return share
    return min(share, members_that_fit(memory, device, processes))


def _stacked(population: Population, means: Means, chunk: int, why: str) -> Choice:
    beside = means.side_by_side and chunk < population.members
    return Choice("stacked", "processes" if beside else "here", chunk, why)


def _before(population: Population, folder: Path, means: Means) -> Choice | None:
    """As the population itself was begun, or else a neighbour with the same data and model, which
    has a teacher if this one has: teachers make a step another one, in time and in memory."""
    wanted = {"data": without_address(population.data), "model": without_address(population.model)}
    for place in (folder, *sorted(folder.parent.glob("*/"))):
        for name in (MANIFEST, PLAN):
            said = _read(place / name)
            alike = (
                wanted.items() <= said.get("recipe", {}).items()
                and said.get("device") == means.device
            )
            # one that derives may have trained nothing, which says nothing about how to train
            like = said.get("parent") is None and (said.get("teacher") is None) == (
                population.teacher is None
            )
            if alike and (place == folder or like):
                return _named(
                    str(said["runner"]), population, means, f"as {said['name']!r} was trained"
                )
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(read_file(path))
    except (OSError, UserError, ValueError):
        return {}
    return found


def _named(name: str, population: Population, means: Means, why: str) -> Choice | None:
    """The choice with this name, if it can be had without being asked for."""
    stacked = re.fullmatch(r"stacked/(\d+)", name)
    if stacked:
        return _stacked(population, means, int(stacked[1]), why)
    return {
        "loop": Choice("single", "here", 1, why),
        "processes": Choice("single", "processes", 1, why),
    }.get(name)


def _measured(population: Population, means: Means) -> Choice:
    """The cheapest by the first steps of real training."""
    if first_training(population) is None or population.members == 1:
        why = "one member" if first_training(population) else "nothing is trained"
        return Choice("single", "here", 1, why)
    with one_thread():
        data = resident_for(population, means.device)
        steps = _steps(population, data)
        if means.side_by_side and steps > FEW:
            means.warm_up()
        try:
            alone = seconds_per_step(population, data, 1)
            if means.device == "cpu" and alone > BOUND:
                return _unstacked(population.members, steps, alone, means)
            stacked, size = _best_stack(population, data, means)
        # a model that cannot be built, or not be stacked, says so when it is its turn
        except Exception as error:
            place: Where = "processes" if means.side_by_side else "here"
            return Choice("single", place, 1, f"stacks cannot be tried ({_first_line(error)})")
    return cheapest(population.members, steps, alone, stacked, size, means)


def _best_stack(population: Population, data: Feed, means: Means) -> tuple[float, int]:
    """Seconds per member and step, and the size of the stack. A GPU that is through with a step so
    soon that starting its operations may take longer is given a larger one to try."""
    size = stack_size(population, means)
    took = seconds_per_step(population, data, size)
    settled = means.device == "cpu" or means.chunk is not None or took > BOUND
    larger = size if settled else stack_size(population, means, LARGER)
    if larger <= size:
        return took / size, size
    other = seconds_per_step(population, data, larger)
    return min((took / size, size), (other / larger, larger))


def _unstacked(members: int, steps: int, alone: float, means: Means) -> Choice:
    """The choice where stacks are not worth trying: as if they were no faster."""
    choice = cheapest(members, steps, alone, alone, 1, means)
    return replace(
        choice,
        reason=f"a step takes {alone:.2f} s of arithmetic, which stacks cannot save; no "
        "stack was tried",
    )


def _steps(population: Population, data: Feed) -> int:
    """Of all members together."""
    return population.members * sum(t.steps(data) for t, _ in trainings(population))


def _first_line(error: Exception) -> str:
    """What went wrong, in few words."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:120]


def cheapest(
    members: int, steps: int, alone: float, stacked: float, size: int, means: Means
) -> Choice:
    """``steps`` are those of all members together; ``alone`` and ``stacked`` are seconds per member
    and step."""
    beside = min(means.workers, members) if means.side_by_side else 1
    starting = 0.0 if means.running else STARTING
    loop, processes = steps * alone, starting + steps * alone / beside
    chunks = math.ceil(members / size)
    stacks = (starting if beside > 1 and chunks > 1 else 0.0) + steps * stacked / min(
        beside, chunks
    )
    plain, where = min((loop, "here"), (processes, "processes")) if beside > 1 else (loop, "here")
    rates = f"{1 / alone:,.0f} steps a second alone, {1 / stacked:,.0f} in stacks of {size}"
    if stacks * WORTH < plain and size > 1:
        place: Where = "processes" if beside > 1 and chunks > 1 else "here"
        return Choice(
            "stacked", place, size, f"{rates}: about {stacks:,.0f} s instead of {plain:,.0f} s"
        )
    other = f", {loop:,.0f} s one after the other" if where == "processes" else ""
    said = f"{rates}: about {plain:,.0f} s{other}"
    return Choice("single", where, 1, said)  # type: ignore[arg-type]
