"""One member of a population: built from its seeds, taken through its interventions, asked about
the test part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_model
from torch import nn

from undertow.errors import UserError
from undertow.lab.data.dataset import Splits
from undertow.lab.feeds.feed import Feed
from undertow.lab.feeds.for_engines import calibration_images, for_engines
from undertow.lab.interventions.site import AbstractRuntime, Intervention
from undertow.lab.population import Population
from undertow.lab.probes.probe import Size
from undertow.lab.recipe import Recipe
from undertow.lab.runner.answers import probabilities, softmax_of
from undertow.lab.runner.drive import DivergedError
from undertow.lab.trainings.noise import torch_seeded
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Training, channels_last
from undertow.lab.trainings.untrained import Untrained


def build_member(
    population: Population, seeds: Mapping[str, int], data: Feed, parent_weights: Path | None
) -> nn.Module:
    """A fresh member by its ``init`` stream, or its parent as it was left."""
    with torch_seeded(seeds["init"], data.device):
        model = population.model.build(data.shape_CHW, data.classes)
        if not isinstance(model, nn.Module):
            raise UserError(
                f"{population.model!r}: build() returned {type(model).__name__}; it must return a "
                "torch.nn.Module"
            )
        model = model.to(data.device, data.dtype)
    if parent_weights is not None:
        load_model(model, parent_weights, device=str(data.device))
    return model


def build_teacher(
    population: Population, index: int, data: Feed, weights: Path | None
) -> nn.Module:
    """Who teaches member ``index`` of ``population``, with these weights, or fresh ones to measure
    what it costs.

    In eval mode and in the number type of the student's data. ``ValueError`` where nobody teaches.
    """
    teacher = population.teacher
    if teacher is None:
        raise ValueError(f"population {population.name!r} has no teacher")
    seeds = teacher.seeds.member(teacher.name, population.teacher_of(index))
    model = build_member(teacher, seeds, data, weights)
    channels_last(model)
    return model.eval().requires_grad_(False)


def fresh_teachers(population: Population, data: Feed, members: int) -> list[nn.Module]:
    """Untrained teachers, as many as so many members need; none where nobody teaches. They cost
    what trained ones do."""
    if population.teacher is None:
        return []
    taught = {population.teacher_of(m): m for m in range(members)}
    return [build_teacher(population, m, data, None) for m in taught.values()]


def weights_bytes(population: Population, splits: Splits) -> int:
    """How large a member's weights are. A model that cannot be built says so when it is a member's
    turn."""
    _, C, H, W = splits.train.x_NCHW.shape
    try:
        with torch.random.fork_rng(devices=[]):
            model = population.model.build((C, H, W), len(splits.classes))
    except (Exception, SystemExit):
        return 0
    if not isinstance(model, nn.Module):
        return 0
    return sum(value.nbytes for value in model.state_dict().values())


def probes_bytes(population: Population, size: Size) -> int:
    """What a member's probes keep."""
    epochs = probed_epochs(population)
    return sum(probe.kept_bytes(size, epochs) for probe in population.probes)


def probed_epochs(population: Population) -> int:
    """Of the one training that probes look at."""
    tuned = [i.finetune for i in population.interventions if i.finetune]
    return tuned[0].epochs if tuned else population.recipe.epochs


def trainings(population: Population) -> tuple[tuple[Training, tuple[Intervention, ...]], ...]:
    """Those that a member goes through, each with what acts during it: one from scratch, or one per
    intervention that derives, which may train nothing."""
    acting = tuple(i for i in population.interventions if i.site != "runtime")
    if population.parent is None:
        return ((_training(population.recipe), acting),)
    return tuple((_training(i.finetune) if i.finetune else Untrained(), (i,)) for i in acting)


def _training(recipe: Recipe | Training) -> Training:
    """A recipe alone is a supervised training's."""
    return Supervised(recipe) if isinstance(recipe, Recipe) else recipe


def answers(
    population: Population, model: nn.Module, data: Feed, facts: dict[str, float]
) -> tuple[NDArray[np.float32], dict[str, float]]:
    """A trained member's probabilities on the test part, and its facts with those of its engine and
    its accuracy.

    Raises ``DivergedError`` where a prediction is not finite.
    """
    engines = [i for i in population.interventions if isinstance(i, AbstractRuntime)]
    if engines:
        proba_NC, effect_facts = _by_engine(engines[0], model, data)
        facts |= effect_facts
    else:
        proba_NC = probabilities(model, data).numpy()
    if not np.isfinite(proba_NC).all():
        raise DivergedError("the trained model's predictions are not finite")
    facts["accuracy"] = float((proba_NC.argmax(1) == data.test_y_N.cpu().numpy()).mean())
    return proba_NC, facts


def _by_engine(
    engine: AbstractRuntime, model: nn.Module, data: Feed
) -> tuple[NDArray[np.float32], dict[str, float]]:
    model = model.eval().to("cpu", torch.float32)
    model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    compiled = engine.compile(model, calibration_images(data))

    def logits(x_BCHW: torch.Tensor) -> torch.Tensor:
        return compiled.logits(for_engines(x_BCHW))

    facts = {"weights_changed": float(compiled.effect.changed)} | compiled.effect.facts
    return softmax_of(logits, data).numpy(), facts
