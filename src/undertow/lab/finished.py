"""Probes of a population that is finished: what they need is its members' weights, so nothing is
trained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import nn

from undertow.errors import UserError
from undertow.lab.data.dataset import Splits
from undertow.lab.feeds.feed import Feed
from undertow.lab.population import Population
from undertow.lab.probes.probe import Probe
from undertow.lab.runner.member import build_member
from undertow.lab.runner.places.chunk import resident_for
from undertow.lab.trainings.precision import products
from undertow.lab.trainings.training import Given
from undertow.lab.trainings.untrained import UntrainedRun
from undertow.records.probes import ProbeValues
from undertow.records.read import read_manifest


def asked_when_finished(
    population: Population, out: Path, probe: Probe, device: str = "cpu"
) -> ProbeValues:
    """What ``probe`` finds on each member of ``out/<population>`` that is done, by its final
    weights: as ``read_probe`` gives what was found in training. The record stays as it is.

    Members that derive, such as pruned ones, are asked like others, and neighbours are sought among
    what they themselves make of the training part. ``UserError`` for a probe that has no values of
    examples by final weights alone, and where weights are gone or no member is done.
    """
    folder = Path(out) / population.folder
    if not probe.of_weights:
        raise UserError(
            f"{probe!r}: needs more than final weights; give it to the population that trains"
        )
    entry = probe.entry(1)
    members = [m.id for m in read_manifest(folder).members if m.status == "done"]
    if not members:
        raise UserError(f"{folder}: no member is done, so there is nobody to ask")
    frames = list(_frames(population, folder, members, probe, device))
    splits: Splits = population.data.load()
    part = splits.train if entry.part == "train" else splits.test
    return ProbeValues(
        probe.name,
        entry,
        tuple(members),
        pl.Series("example_id", part.example_id_N),
        np.asarray(part.label_N, dtype=np.int32),
        {c: np.stack([frame[c].to_numpy() for frame in frames]) for c in frames[0].columns},
    )


def _frames(
    population: Population, folder: Path, members: list[str], probe: Probe, device: str
) -> Iterator[pl.DataFrame]:
    data = resident_for(population, device)
    for member in members:
        path = folder / "weights" / f"{member}.safetensors"
        if not path.exists():
            raise UserError(
                f"{path}: these weights are gone, and {probe!r} is asked of them; train the "
                "population again"
            )
        seeds = population.seeds.member(population.name, int(member))
        model = build_member(population, seeds, data, path)
        with products(population.recipe.precision, torch.device(device)):
            yield _found(model, dict(seeds), data, probe)


def _found(model: nn.Module, seeds: dict[str, int], data: Feed, probe: Probe) -> pl.DataFrame:
    given = Given(data, [model], [seeds])
    run = probe.start(given, 1)
    run.after_epoch(1, UntrainedRun(given))
    frame = run.found()[0].per_example
    assert frame is not None  # it has a part
    return frame
