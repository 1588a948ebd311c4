"""Worlds whose wrong labels are known, and the populations that ``label_errors.py`` trains on them.

To add a detector that reads members of another kind: theirs in ``populations``, after all others.
What is there already keeps its name and description, or it is trained again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from undertow.lab.data import (
    CIFAR10,
    CIFAR10N,
    Dataset,
    FashionMNIST,
    Half,
    Planted,
    ThresholdClass,
    Watching,
    WrongLabels,
)
from undertow.lab.interventions.sampling import Folds
from undertow.lab.interventions.weights import FineTuning
from undertow.lab.models import Model, SmallCNN, WideResNet
from undertow.lab.population import Population
from undertow.lab.probes import LearnedFrom, Trace, TrainingProbabilities
from undertow.lab.recipe import Recipe

K = 4
"""Folds, as in 1911.00068."""
HALVES = (("even", "even-then-odd"), ("odd", "odd-then-even"))
"""Populations of both directions: those that learn from one half, and go on with the other."""
PLANTED = "planted"
REFERENCES = 25
"""Of each kind; more than are asked, so that all who are asked may be of one kind."""


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
    """Data whose wrong labels are known, the network, what is published of such data, and a table
    that says which examples are typical; without one none are planted (``Planted``)."""

    name: str
    data: Callable[[int | None], Dataset]
    model: Model
    crop: int
    flip: bool
    published: str
    scores: str | None = None


FROM_SCRATCH = (
    "CIFAR-10, {} % synthetic noise, networks from scratch with CV accuracy {}: AUROC {}, AUPRC {}"
)
CIFAR = WideResNet(16, 2)
SCORES = "embedded:fashion-mnist"
WORLDS = (
    World(
        "fashion-20", lambda n: WrongLabels(FashionMNIST(train_per_class=n), 0.2), SmallCNN(16), 0, False,
        FROM_SCRATCH.format(20, ".80–.84", ".92–.96", ".64–.83"), SCORES,
    ),
    World(
        "fashion-40", lambda n: WrongLabels(FashionMNIST(train_per_class=n), 0.4), SmallCNN(16), 0, False,
        FROM_SCRATCH.format(40, ".72–.76", ".83–.94", ".68–.86"), SCORES,
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
    within = folds.under(Folds(K), name="folds")
    return noisy, within, first, second, *over_halves(noisy), *planted(noisy, world.scores)


def over_halves(noisy: Population) -> tuple[Population, ...]:
    """Members that learn from one half and go on with the other, which a trace of the first tells;
    in both directions. Half the examples in half the batch are as many steps."""
    recipe = replace(noisy.recipe, batch=noisy.recipe.batch // 2)
    halves = [Half(noisy.data, which) for which, _ in HALVES]
    alone = [
        replace(noisy, name=name, data=half, recipe=recipe, probes=(Trace(clean=True),))
        for (name, _), half in zip(HALVES, halves, strict=True)
    ]
    back = (Trace(clean=True, part="held_out"),)
    onward = [
        one.under(FineTuning(recipe), name=name, data=Watching(other, one.data), probes=back)
        for (_, name), one, other in zip(HALVES, alone, reversed(halves), strict=True)
    ]
    return *alone, *onward


def planted(noisy: Population, scores: str | None) -> tuple[Population, ...]:
    """Members that also learn from examples that are known for what they are."""
    if scores is None:
        return ()
    data = Planted(noisy.data, scores, count=REFERENCES)
    return (replace(noisy, name=PLANTED, data=data, probes=(Trace(clean=True),)),)
