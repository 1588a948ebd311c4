"""Supervised training: inputs, sampling, objective and weights, in their order. One text for one
member and for several side by side, where everything has a leading axis M."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from undertow.errors import UserError
from undertow.lab.feeds.batches import Batch, Batches
from undertow.lab.interventions.site import (
    AbstractInputs,
    AbstractObjective,
    AbstractSampling,
    Chosen,
)
from undertow.lab.recipe import Recipe, augmented_twice
from undertow.lab.trainings.by_recipe import ByRecipe
from undertow.lab.trainings.cross_entropy import CrossEntropy
from undertow.lab.trainings.descend import descend, set_rate
from undertow.lab.trainings.logits import checked
from undertow.lab.trainings.optimizer import OptimizerState, make_optimizer
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.teacher import Taught
from undertow.lab.trainings.training import Cost, Done, Facts, Given, Network, Seen, Stateful
from undertow.lab.trainings.weights import WeightsOf


@dataclass(frozen=True)
class Supervised(ByRecipe):
    """Learn the labels by a recipe.

    The order of examples is drawn per epoch from the stream ``order``, crops and flips from
    ``augment``, masks from ``init``, and what layers draw in a step from ``dropout``. Steps are
    counted by batches of candidates, also where sampling learns from few of them or none.
    """

    sites: ClassVar[frozenset[str]] = frozenset(
        {"sampling", "inputs", "objective", "weights", "arithmetic"}
    )
    by_itself: ClassVar[str] = ""

    recipe: Recipe

    def start(self, given: Given) -> SupervisedRun:
        """Begin: interventions on weights prepare the models before an optimizer sees them."""
        return SupervisedRun(self.recipe, given)


class SupervisedRun:
    """One member on its way, or several side by side."""

    def __init__(self, recipe: Recipe, given: Given) -> None:
        self.recipe, self.given, self.epochs = recipe, given, recipe.epochs
        self.batches = Batches(given.data, recipe, given.seeds_M, given.together)
        self.steps = self.batches.per_epoch * recipe.epochs
        objective = _objective(recipe, given)
        objective.check_steps(self.steps)
        self.weights = WeightsOf(given, self.steps)
        self.noise = given.noise("dropout")
        self.net = given.network(self.noise)
        self.inputs = [inputs.start(given) for inputs in _inputs(recipe, given)]
        self.sampling = [s.start(given, self.batches) for s in given.at(AbstractSampling)]
        self.objective = objective.start(given)
        # whoever teaches a sampler is not asked about each batch
        self.taught = Taught(
            given.teacher if objective.teaches else None,
            given.data,
            recipe.precision,
            members=len(given.models),
            fixed=not (recipe.augments or self.inputs),
        )
        self.optimizer = make_optimizer(recipe, self.net.parameters())

    def step(self, t: int) -> Done:
        """One batch of candidates."""
        if self.inputs or self.sampling:
            self.noise.at(t)
        cost = self._before_epoch(t)
        batch = self.batches.batch(t)
        for inputs in self.inputs:
            batch = inputs.changed(t, batch)
        chosen: Chosen | None = Chosen(batch)
        for sampling in self.sampling:
            scored = _Scored(self)
            chosen = sampling.choose(t, batch, scored)
            cost += scored.forwards
        if chosen is None or not chosen.batch.y_B.shape[-1]:
            self.weights.after_step(t)
            return Done(Cost(cost, 0))
        (index_B, _, y_B), examples = chosen.batch, chosen.batch.y_B.shape[-1]
        logits_BC, teacher_BC = self._logits(t, chosen.batch)
        each_B = self.objective.each(logits_BC, y_B, index_B, teacher_BC)
        set_rate(self.optimizer, self.recipe, t, self.steps)
        descend(self.optimizer, each_B, chosen.weight_B)
        self.weights.after_step(t)
        cost += self.objective.after_step(t, self.net)
        augmented = self._augmented(index_B)
        seen = Seen(index_B, y_B, each_B.detach(), logits_BC.detach(), augmented)
        for inputs in self.inputs:
            inputs.saw(seen)
        return Done(Cost(cost + examples, examples), seen)

    def _before_epoch(self, t: int) -> int:
        """Tell that one begins, where one does; how many examples this put forward."""
        if t % self.batches.per_epoch:
            return 0
        epoch = t // self.batches.per_epoch
        return sum(inputs.before_epoch(epoch, self.net) for inputs in self.inputs)

    def _augmented(self, index_B: Tensor) -> Tensor | bool:
        """Which of these were cropped or mirrored at random."""
        told = [inputs.augmented(index_B) for inputs in self.inputs]
        return next((each for each in told if each is not None), self.recipe.augments)

    def _logits(self, t: int, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Of the network and of whoever teaches it, on the same images."""
        data, precision = self.given.data, self.recipe.precision
        teacher_BC = self.taught(batch)
        self.noise.at(t)
        with shortened(precision, data.device):
            logits_BC = self.net(batch.x_BCHW)
        logits_BC = checked(logits_BC, (*batch.y_B.shape, data.classes), self.given.models[0])
        return logits_BC.to(data.dtype), teacher_BC

    def ends_epoch(self, t: int) -> bool:
        """Whether step ``t`` is an epoch's last."""
        return (t + 1) % self.batches.per_epoch == 0

    def state(self) -> dict[str, Stateful]:
        """Weights, running statistics and masks, what the optimizer keeps, and what the sites
        do."""
        kept: dict[str, Stateful] = {f"inputs {i}": run for i, run in enumerate(self.inputs)}
        kept |= {f"sampling {i}": run for i, run in enumerate(self.sampling)}
        return kept | {
            "weights": self.weights,
            "network": self.net,
            "optimizer": OptimizerState(self.optimizer, self.net.named_parameters()),
            "objective": self.objective,
        }

    def network(self) -> Network:
        """Who answers now."""
        return self.net

    def finish(self) -> list[Facts | Exception]:
        """End the interventions on weights."""
        return self.weights.finish()


def _inputs(recipe: Recipe, given: Given) -> list[AbstractInputs]:
    """``UserError`` where images would be cropped or mirrored twice."""
    found = given.at(AbstractInputs)
    if twice := augmented_twice(recipe, [inputs for inputs in found if inputs.augments]):
        raise UserError(twice)
    return found


def _objective(recipe: Recipe, given: Given) -> AbstractObjective:
    """Cross-entropy with the labels, unless an intervention takes its place; ``UserError`` where
    the recipe smooths labels that it replaces."""
    for objective in given.at(AbstractObjective):
        if recipe.label_smoothing:
            raise UserError(
                f"{recipe!r}: label_smoothing is of cross-entropy with labels, which {objective!r} "
                "replaces; set it to 0"
            )
        return objective
    return CrossEntropy(recipe.label_smoothing)


class _Scored:
    """What a sampler learns of candidates from the network as it is, in eval mode and without a
    gradient; counts them."""

    def __init__(self, run: SupervisedRun) -> None:
        self.run, self.forwards = run, 0

    def __call__(self, batch: Batch) -> Tensor:
        run = self.run
        logits_BC = self.logits(batch)
        teacher_BC = run.taught(batch)
        return run.objective.each(logits_BC, batch.y_B, batch.index_B, teacher_BC)

    def logits(self, batch: Batch) -> Tensor:
        run, data = self.run, self.run.given.data
        self.forwards += batch.y_B.shape[-1]
        run.net.eval()
        with torch.no_grad(), shortened(run.recipe.precision, data.device):
            logits_BC: Tensor = run.net(batch.x_BCHW)
        run.net.train()
        return logits_BC.to(data.dtype)
