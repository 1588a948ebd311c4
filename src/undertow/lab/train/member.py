"""One member of a population, from its description to its predictions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_model, save_model
from torch import nn

from undertow.lab.population import Population
from undertow.lab.train.evaluate import probabilities
from undertow.lab.train.loop import DivergedError, torch_seeded, train_member
from undertow.lab.train.resident import Resident


@dataclass(frozen=True, eq=False)
class Outcome:
    """A member's probabilities on the test part, in its order, and what was measured on the way."""

    proba_NC: NDArray[np.float32]
    facts: dict[str, float]
    seconds: float


def make_member(
    population: Population,
    index: int,
    data: Resident,
    weights: Path,
    parent_weights: Path | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Train member ``index``, save its weights to ``weights`` and predict the test part.

    A derived member starts from ``parent_weights`` and goes through its interventions one after the other, each with
    the fine-tuning it asks for. Raises ``DivergedError`` where loss or predictions are not finite.
    """
    began = time.perf_counter()
    seeds = population.seeds.member(population.name, index)
    with torch_seeded(seeds["init"], data.device):
        model = population.model.build(data.shape_CHW, data.classes).to(data.device)
    if parent_weights is None:
        facts = train_member(model, data, population.recipe, seeds, population.interventions, on_epoch)
    else:
        load_model(model, parent_weights, device=str(data.device))
        facts = {}
        for intervention in population.interventions:
            facts |= train_member(model, data, intervention.finetune, seeds, (intervention,), on_epoch)
    proba_NC: NDArray[np.float32] = probabilities(model, data.test_x_NCHW).numpy()
    if not np.isfinite(proba_NC).all():
        raise DivergedError("the trained model's predictions are not finite")
    facts["accuracy"] = float((proba_NC.argmax(1) == data.test_y_N.cpu().numpy()).mean())
    save_weights(model, weights)
    return Outcome(proba_NC, facts, time.perf_counter() - began)


def save_weights(model: nn.Module, path: Path) -> None:
    """Write under another name and rename, so that a file that is there is whole. Tied weights are kept once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    save_model(model, str(unfinished))
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())  # the member's record, written next, must not outlive its weights in a power cut
    unfinished.replace(path)
