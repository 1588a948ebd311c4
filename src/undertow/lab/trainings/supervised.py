"""Supervised training: batches, forward, objective, descent, weights. One text for one member and
for several side by side, where everything has a leading axis M."""

from __future__ import annotations

from dataclasses import dataclass

from undertow.lab.feeds.batches import Batches
from undertow.lab.interventions.site import AbstractObjective, AbstractWeights
from undertow.lab.recipe import Precision, Recipe
from undertow.lab.trainings.cross_entropy import CrossEntropy
from undertow.lab.trainings.descend import descend, set_rate
from undertow.lab.trainings.logits import checked
from undertow.lab.trainings.optimizer import OptimizerState, make_optimizer
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.teacher import teacher_logits
from undertow.lab.trainings.training import Done, Facts, Given, Network, Stateful
from undertow.lab.trainings.weights import WeightsOf


@dataclass(frozen=True)
class Supervised:
    """Learn the labels by a recipe.

    The order of examples is drawn per epoch from the stream ``order``, crops and flips from
    ``augment``, masks from ``init``, and what layers draw in a step from ``dropout``. ``objective``
    takes the place of cross-entropy with the labels.
    """

    recipe: Recipe
    weights: tuple[AbstractWeights, ...] = ()
    objective: AbstractObjective | None = None

    @property
    def precision(self) -> Precision:
        """The recipe's."""
        return self.recipe.precision

    def start(self, given: Given) -> SupervisedRun:
        """Begin: interventions on weights prepare the models before an optimizer sees them."""
        return SupervisedRun(self, given)


class SupervisedRun:
    """One member on its way, or several side by side."""

    def __init__(self, what: Supervised, given: Given) -> None:
        self.recipe, self.given = what.recipe, given
        self.batches = Batches(given.data, what.recipe, given.seeds_M, given.together)
        self.steps, self.per_epoch = self.batches.steps, self.batches.per_epoch
        self.weights = WeightsOf(what.weights, given, self.steps)
        self.noise = given.noise("dropout")
        self.net = given.network(self.noise)
        self.objective = what.objective or CrossEntropy(what.recipe.label_smoothing)
        self.optimizer = make_optimizer(what.recipe, self.net.parameters())

    def step(self, t: int) -> Done:
        """One batch."""
        data, precision = self.given.data, self.recipe.precision
        index_B, x_BCHW, y_B = self.batches.batch(t)
        teacher_BC = teacher_logits(self.given.teacher, x_BCHW, precision)
        self.noise.at(t)
        with shortened(precision, data.device):
            logits_BC = self.net(x_BCHW)
        logits_BC = checked(logits_BC, (*y_B.shape, data.classes), self.given.models[0])
        logits_BC = logits_BC.to(data.dtype)
        each_B = self.objective.each(logits_BC, y_B, teacher_BC)
        set_rate(self.optimizer, self.recipe, t, self.steps)
        descend(self.optimizer, each_B)
        self.weights.after_step(t)
        return Done(index_B, each_B.detach(), logits_BC.detach())

    def state(self) -> dict[str, Stateful]:
        """Weights, running statistics and masks, and what the optimizer keeps."""
        return {"network": self.net, "optimizer": OptimizerState(self.optimizer)}

    def network(self) -> Network:
        """Who answers now."""
        return self.net

    def finish(self) -> list[Facts | Exception]:
        """End the interventions."""
        return self.weights.finish()
