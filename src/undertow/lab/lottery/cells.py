"""Trained networks in engines: one process of a study's lottery. All cells of a table, networks by
engines, take turns, so that any two of them can be set beside each other."""

from __future__ import annotations

import pickle
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from undertow.lab.feeds.feed import Feed
from undertow.lab.feeds.for_engines import calibration_images, for_engines
from undertow.lab.lottery import sparse
from undertow.lab.lottery.built import Built, gave_up, of_module
from undertow.lab.lottery.ideal import LINEAR, Ideal
from undertow.lab.lottery.variants import REFERENCE, Variant, variants
from undertow.lab.lottery.worker import Ran, answered, built_or_why
from undertow.lab.measurements.clocks import timed_together
from undertow.lab.measurements.operator_costs import operator_costs
from undertow.lab.population import Population
from undertow.lab.runner.member import build_member
from undertow.lab.runner.places.chunk import resident_for

CSR, CSR_LINEAR = "csr", "csr-linear"
"""A sparse matrix on the left of the product, and in torch's own linear layer."""
ANSWERED = 1024
"""Test examples whose answers are set beside those that the network gives eager."""


@dataclass(frozen=True)
class Cell:
    """A network, by its population's name, in an engine, by that of a variant. ``density`` is the
    share of its weights that training left."""

    network: str
    engine: str
    density: float = 1.0


@dataclass(frozen=True)
class Asked:
    """Weights of one member of each population. ``look`` asks for costs and answers too, which one
    process finds for all; networks are built and asked in an order of each ``process``."""

    networks: tuple[tuple[Population, Path], ...]
    cells: tuple[Cell, ...]
    batch: int
    repeats: int
    look: bool
    process: int = 0


def engines() -> dict[str, Variant]:
    """By name: those that run a network as it is. In CSR its own zeros are left out, where other
    variants of that name would make some."""
    without = {"masked-dense", "bsr", "channels", "semi-structured"}
    every = {v.name: v for v in variants(0.5, 0.5) if v.name not in without}
    about = "own zeros left out (CSR)"
    own = Variant(CSR, about, lambda n, x, c: sparse.in_csr(n, 0.0))
    as_linear = Variant(CSR_LINEAR, about, lambda n, x, c: sparse.in_csr(n, 0.0, as_linear=True))
    return every | {CSR: own, CSR_LINEAR: as_linear}


def promise(cell: Cell) -> Ideal:
    """What somebody expects who counts: the engine's promise, and no work for zeros."""
    if cell.engine in (CSR, CSR_LINEAR):
        return Ideal(LINEAR, density=cell.density, stored=3 * cell.density)
    kept = engines()[cell.engine].promise or Ideal()
    return replace(kept, density=kept.density * cell.density)


def measured(described: bytes) -> list[dict[str, Any]]:
    """What became of each cell, in their order: fields of ``Ran``, and ``differ``, how many of
    ``of`` answers are others than eager. On one thread, in the process that calls it."""
    asked: Asked = pickle.loads(described)  # the parent's words, through a pipe of its own
    torch.set_num_threads(1)
    # networks of one class share its code, and each size is compiled for itself
    torch._dynamo.config.recompile_limit = max(8, len(asked.cells))
    of = {population.name: _Network(population, path) for population, path in asked.networks}
    every = engines()
    rows: dict[int, Ran] = {}
    built: dict[int, Built | None] = {}
    places = list(range(len(asked.cells)))
    random.Random(asked.process).shuffle(places)  # what was built before may tell on what comes
    for place in places:
        cell = asked.cells[place]
        rows[place], built[place] = of[cell.network].built(every[cell.engine], asked.batch)
    calls = {
        str(place): partial(made.logits, of[asked.cells[place].network].x_N[: asked.batch])
        for place, made in built.items()
        if made is not None
    }
    together = timed_together(calls, asked.repeats, process=asked.process)
    for called, seconds in together.items():
        row = rows[int(called)]
        row.wall, row.processor = seconds.wall, seconds.processor
    found = []
    for place, cell in enumerate(asked.cells):
        made, more = built[place], {}
        if asked.look and made is not None:
            more = of[cell.network].looked_into(made, cell.engine, asked.batch)
        found.append(asdict(rows[place]) | more)
    return found


class _Network:
    """One member, and the images that it is asked about: the first of the test part, as engines
    want them."""

    def __init__(self, population: Population, weights: Path) -> None:
        self.data: Feed = resident_for(population, "cpu")
        seeds = population.seeds.member(population.name, 0)
        module = build_member(population, seeds, self.data, weights)
        self.module = module.to("cpu", torch.float32).eval()
        self.x_N = for_engines(torch.cat([*self.data.test_batches(ANSWERED)])[:ANSWERED])

    def built(self, engine: Variant, batch: int) -> tuple[Ran, Built | None]:
        """The engine with this network, once it has answered."""
        calibration = calibration_images(self.data)
        row, made = built_or_why(engine, self.module, self.x_N[:batch], calibration)
        if made is None:
            return row, None
        try:
            made.logits(self.x_N[:batch])
        except Exception as error:
            row.status, row.note = "error", gave_up("asked", error)
            return row, None
        return row, made

    def looked_into(self, made: Built, engine: str, batch: int) -> dict[str, Any]:
        """Answers that differ from eager ones; what eager costs."""
        plain = of_module(self.module)
        classes = [answered(each, self.x_N, batch).argmax(1) for each in (made, plain)]
        differ = int((classes[0] != classes[1]).sum())
        found: dict[str, Any] = {"differ": differ, "of": len(self.x_N)}
        if engine == REFERENCE:
            costs = operator_costs(self.module, lambda: made.logits(self.x_N[:batch]))
            found["work"] = [asdict(cost) for cost in costs]
        return found


def weights_of(folder: Path, members: Sequence[str], number: int) -> Path:
    """Those of member ``number``, beginning again after the last."""
    return folder / "weights" / f"{members[number % len(members)]}.safetensors"
