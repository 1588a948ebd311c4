"""``ClassWeighted``: networks that each learn the labels with more weight on a class of their
own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from undertow.errors import UserError
from undertow.lab.feeds.batches import Batches
from undertow.lab.models.specialists import Panel, together
from undertow.lab.recipe import Recipe
from undertow.lab.trainings.by_recipe import ByRecipe
from undertow.lab.trainings.descend import descend, set_rate
from undertow.lab.trainings.optimizer import OptimizerState, make_optimizer
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.training import Cost, Done, Facts, Given, Network, Seen, Stateful


@dataclass(frozen=True)
class ClassWeighted(ByRecipe):
    """Learn the labels by each network of a ``Specialists`` model, network c with the loss of class
    c counted 1 + ``gamma`` times: the class-specific held-out models of REDUCR (2312.00486; γ = 9
    for images, 4 for text).

    Losses are summed over networks, which share no weight, and the optimizers of a recipe take each
    number by itself: so each network is trained as it would be alone, on the same batches. The mean
    over a batch is over its examples, where the authors' code divides by their weights. A step
    costs a forward and a back-prop of each example by each network.

    Raises ``ValueError`` for ``gamma`` below 0.
    """

    sites: ClassVar[frozenset[str]] = frozenset({"arithmetic"})
    by_itself: ClassVar[str] = "each member is several networks that are asked one by one"

    recipe: Recipe
    gamma: float = 9.0

    def __post_init__(self) -> None:
        if not 0 <= self.gamma < float("inf"):
            raise ValueError(f"{self!r}: gamma is a finite number of 0 or more")

    def start(self, given: Given) -> ClassWeightedRun:
        """Begin. ``UserError`` for another model than ``Specialists``."""
        return ClassWeightedRun(self, given)


class ClassWeightedRun:
    """One member on its way."""

    def __init__(self, what: ClassWeighted, given: Given) -> None:
        (model,) = given.models
        if not isinstance(model, Panel):
            raise UserError(
                f"{what!r} trains a network for each class, and the model is a "
                f"{type(model).__name__}; give the population Specialists(model)"
            )
        self.what, self.recipe, self.given = what, what.recipe, given
        self.epochs, self.panel = what.recipe.epochs, model
        self.batches = Batches(given.data, self.recipe, given.seeds_M, given.together)
        self.steps = self.batches.per_epoch * self.epochs
        self.noise = given.noise("dropout")
        self.net = given.network(self.noise)
        self.optimizer = make_optimizer(self.recipe, self.net.parameters())

    def step(self, t: int) -> Done:
        """One batch, by all networks."""
        batch, data = self.batches.batch(t), self.given.data
        self.noise.at(t)
        with shortened(self.recipe.precision, data.device):
            logits_BKC = self.panel.each(batch.x_BCHW)
        logits_BKC = logits_BKC.to(data.dtype)
        each_B = weighted(logits_BKC, batch.y_B, self.what.gamma, self.recipe.label_smoothing)
        set_rate(self.optimizer, self.recipe, t, self.steps)
        descend(self.optimizer, each_B)
        logits_BC, examples = together(logits_BKC.detach()), logits_BKC.shape[0] * data.classes
        seen = Seen(batch.index_B, batch.y_B, each_B.detach(), logits_BC, self.recipe.augments)
        return Done(Cost(examples, examples), seen)

    def ends_epoch(self, t: int) -> bool:
        """Whether step ``t`` is an epoch's last."""
        return (t + 1) % self.batches.per_epoch == 0

    def state(self) -> dict[str, Stateful]:
        """Weights, running statistics, and what the optimizer keeps."""
        return {
            "network": self.net,
            "optimizer": OptimizerState(self.optimizer, self.net.named_parameters()),
        }

    def network(self) -> Network:
        """Who answers now."""
        return self.net

    def finish(self) -> list[Facts | Exception]:
        """Nothing acted, so nothing was measured."""
        return [Facts()]


def weighted(logits_BKC: Tensor, y_B: Tensor, gamma: float, smoothing: float = 0.0) -> Tensor:
    """(B,): Σ_k (1 + γ · [y = k]) · cross-entropy of network k with the label, in nats."""
    B, K, _ = logits_BKC.shape
    y_BK = y_B[:, None].expand(B, K)
    loss_BK = F.cross_entropy(
        logits_BKC.flatten(0, 1), y_BK.flatten(), reduction="none", label_smoothing=smoothing
    ).reshape(B, K)
    own_BK = y_BK == torch.arange(K, device=y_B.device)
    return (loss_BK * (1.0 + gamma * own_BK)).sum(-1)
