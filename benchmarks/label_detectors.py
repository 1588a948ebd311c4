"""What ``label_errors.py`` sets side by side: worlds whose wrong labels are known, populations that
are trained on them, and detectors that read what these tell.

To add a detector: its line in ``DETECTORS`` (a suspicion per run and example) or ``FLAGS`` (a set of
suspects), and, where it needs members of another kind, theirs in ``populations``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.dynamics.columns import columns_of
from undertow.audit.dynamics.confident_learning import FILTERS, all_confident, label_issues
from undertow.audit.dynamics.instrument import Instrument
from undertow.audit.dynamics.instruments import all_instruments
from undertow.audit.dynamics.out_of_fold import (
    PROBABILITIES,
    OutOfFold,
    out_of_fold,
    out_of_fold_of,
)
from undertow.audit.dynamics.threshold_class import threshold_columns
from undertow.lab.data import CIFAR10, CIFAR10N, Dataset, FashionMNIST, ThresholdClass, WrongLabels
from undertow.lab.interventions.sampling import Folds
from undertow.lab.models import Model, SmallCNN, WideResNet
from undertow.lab.population import Population
from undertow.lab.probes import LearnedFrom, Trace, TrainingProbabilities
from undertow.lab.recipe import Recipe
from undertow.records.probes import ProbeValues, read_probe

Floats = NDArray[np.floating[Any]]
K = 4
"""Folds, as in 1911.00068."""
SIGN = {"high": 1.0, "low": -1.0, "neither": 1.0}


@dataclass(frozen=True)
class Size:
    """How much is trained: training images per class (None for all), epochs, members that see all
    labels, rounds of ``K`` members that leave a fold out each, and a model in place of the
    world's."""

    per_class: int | None
    epochs: int
    members: int
    rounds: int
    model: Model | None = None


@dataclass(frozen=True)
class World:
    """Data whose wrong labels are known, the network, and what is published of such data."""

    name: str
    data: Callable[[int | None], Dataset]
    model: Model
    crop: int
    flip: bool
    published: str


FROM_SCRATCH = (
    "CIFAR-10, {} % synthetic noise, networks from scratch with CV accuracy {}: AUROC {}, AUPRC {}"
)
CIFAR = WideResNet(16, 2)
WORLDS = (
    World(
        "fashion-20", lambda n: WrongLabels(FashionMNIST(train_per_class=n), 0.2), SmallCNN(16), 0, False,
        FROM_SCRATCH.format(20, ".80–.84", ".92–.96", ".64–.83"),
    ),
    World(
        "fashion-40", lambda n: WrongLabels(FashionMNIST(train_per_class=n), 0.4), SmallCNN(16), 0, False,
        FROM_SCRATCH.format(40, ".72–.76", ".83–.94", ".68–.86"),
    ),
    World(
        "cifar10n-aggregate", lambda n: CIFAR10N(CIFAR10(train_per_class=n), "aggregate"), CIFAR, 4, True,
        "the same labels, pretrained ResNet-18, self-confidence: AUROC .977, AUPRC .875",
    ),
    World(
        "cifar10n-worst", lambda n: CIFAR10N(CIFAR10(train_per_class=n), "worst"), CIFAR, 4, True,
        "the same labels, pretrained ResNet-18, self-confidence: AUROC .963, AUPRC .951",
    ),
)  # fmt: skip


def worlds() -> tuple[World, ...]:
    """Those whose data are there."""
    there = bool(os.environ.get("UNDERTOW_CIFAR10"))
    return tuple(world for world in WORLDS if there or not world.name.startswith("cifar"))


def populations(world: World, size: Size) -> tuple[Population, ...]:
    """All that is trained in a world, by one recipe."""
    data = world.data(size.per_class)
    recipe = Recipe(epochs=size.epochs, batch=128, lr=0.05, crop=world.crop, flip=world.flip)
    traces = (Trace(), Trace(clean=True))
    model = size.model or world.model
    noisy = Population("noisy", data, model, recipe, size.members, probes=traces)
    told = (LearnedFrom(), TrainingProbabilities())
    folds = replace(noisy, name="all", members=K * size.rounds, probes=told)
    first, second = (
        replace(noisy, name=which, data=ThresholdClass(data, which), probes=(Trace(),))
        for which in ("first", "second")
    )
    return noisy, folds.under(Folds(K), name="folds"), first, second


@dataclass(frozen=True)
class Detector:
    """``runs(out)`` is (R, N): the suspicion of each run of its own, larger where the label is
    suspect. ``pooled(out)`` is (N,): of all runs together, by default the mean."""

    name: str
    runs: Callable[[Path], Floats]
    pooled: Callable[[Path], Floats] | None = None

    def of_all(self, out: Path, runs_RN: Floats) -> Floats:
        return runs_RN.mean(axis=0) if self.pooled is None else self.pooled(out)


@dataclass(frozen=True)
class Flags:
    """``suspects(out)`` is (N,): who is suspect by all runs together, yes or no."""

    name: str
    suspects: Callable[[Path], NDArray[np.bool_]]


@cache
def read(folder: Path, probe: str) -> ProbeValues:
    """Each file once."""
    return read_probe(folder, probe)


def by_instrument(instrument: Instrument, probe: str) -> Detector:
    """Of the members that see all labels."""

    def runs(out: Path) -> Floats:
        values = read(out / "noisy", probe)
        frame = columns_of(values, per_member=True, instruments=[instrument])
        value_N = frame[instrument.card.name].to_numpy()
        return SIGN[instrument.card.hard] * value_N.reshape(len(values.members), -1)

    undirected = ", no direction" * (instrument.card.hard == "neither")
    return Detector(f"{instrument.card.name} ({probe}{undirected})", runs)


def last_loss(out: Path) -> Floats:
    """After the last epoch, in eval mode: by then wrong labels may be known by heart."""
    return read(out / "noisy", "trace-clean").values["loss"][:, :, -1].astype(np.float64)


@cache
def held(out: Path) -> OutOfFold:
    """By all rounds."""
    return out_of_fold(out / "folds")


@cache
def round_by_round(out: Path) -> tuple[OutOfFold, ...]:
    """Each ``K`` members in a row answer to every example once."""
    both = [read(out / "folds", probe) for probe in ("learned-from", PROBABILITIES)]
    return tuple(
        out_of_fold_of(*(_members(values, begin) for values in both))
        for begin in range(0, len(both[0].members), K)
    )


def _members(values: ProbeValues, begin: int) -> ProbeValues:
    rows = slice(begin, begin + K)
    held_by = {name: value_MNE[rows] for name, value_MNE in values.values.items()}
    return replace(values, members=values.members[rows], values=held_by)


def by_score(score: Instrument) -> Detector:
    """Of the members that leave a fold out."""

    def suspicion(told: OutOfFold) -> Floats:
        return SIGN[score.card.hard] * score.function(told.p_NC, told.label_N)

    return Detector(
        f"{score.card.name} (out of fold)",
        lambda out: np.stack([suspicion(told) for told in round_by_round(out)]),
        lambda out: suspicion(held(out)),
    )


def by_filter(name: str) -> Flags:
    return Flags(
        f"{name} (cleanlab)", lambda out: label_issues(held(out).p_NC, held(out).label_N, name)
    )


def threshold_aum(out: Path) -> Floats:
    """One row: of the members of both populations together, none of which judges all examples."""
    return -threshold_columns(out / "first", out / "second")["aum"].to_numpy()[None]


def threshold_flags(out: Path) -> NDArray[np.bool_]:
    return threshold_columns(out / "first", out / "second")["flagged"].fill_null(False).to_numpy()


DETECTORS = (
    *(
        by_instrument(each, probe)
        for probe in ("trace", "trace-clean")
        for each in all_instruments()
    ),
    Detector("loss after the last epoch (trace-clean)", last_loss),
    Detector("AUM beside a threshold class (trace)", threshold_aum),
    *map(by_score, all_confident()),
)
FLAGS = (Flags("flagged by a threshold class", threshold_flags), *map(by_filter, FILTERS))
