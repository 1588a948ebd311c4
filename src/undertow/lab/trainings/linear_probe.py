"""A linear probe: a fresh head learns on the features of a frozen encoder. One text for a member
and for several side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from undertow.errors import UserError
from undertow.lab.feeds.batches import Batch, Batches
from undertow.lab.models.head import head_of
from undertow.lab.models.initialise import he
from undertow.lab.recipe import Recipe
from undertow.lab.trainings.by_recipe import ByRecipe
from undertow.lab.trainings.cross_entropy import CrossEntropy
from undertow.lab.trainings.descend import descend, forget_gradients, set_rate
from undertow.lab.trainings.features import features
from undertow.lab.trainings.logits import checked
from undertow.lab.trainings.noise import mixed, torch_seeded
from undertow.lab.trainings.optimizer import OptimizerState, make_optimizer
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.training import Cost, Done, Facts, Given, Network, Seen, Stateful

APART = 2
"""Tells the fresh head's draws from those of the encoder and of a projector."""

AT_ONCE = 512
"""Images whose features are computed in one pass, where they are computed once."""


@dataclass(frozen=True)
class LinearProbe(ByRecipe):
    """Learn the labels by the head alone, from features of the encoder in eval mode: not one byte
    of the encoder changes, running statistics included.

    It is a phase after another: ``Phases(("pretrain", Contrastive(...)), ("probe",
    LinearProbe(...)))``. The head begins afresh, drawn from the stream ``init``. With the recipe's
    crops and flips each batch's features are computed anew; without, those of all training examples
    are computed once and kept in memory, for each member its own.
    """

    sites: ClassVar[frozenset[str]] = frozenset({"arithmetic"})
    by_itself: ClassVar[str] = ""

    recipe: Recipe

    def start(self, given: Given) -> LinearProbeRun:
        """Begin with a fresh head."""
        return LinearProbeRun(self.recipe, given)


class LinearProbeRun:
    """One member on its way, or several side by side."""

    def __init__(self, recipe: Recipe, given: Given) -> None:
        self.recipe, self.given, self.epochs = recipe, given, recipe.epochs
        self.head = head_of(given.models[0])
        _draw_heads(given, self.head)
        self.batches = Batches(given.data, recipe, given.seeds_M, given.together)
        self.steps = self.batches.per_epoch * recipe.epochs
        self.net = given.network(given.noise("dropout"))
        self.net.eval()
        forget_gradients(self.net)
        of_head = {f"{self.head}.{name}": name for name in ("weight", "bias")}
        self.learned = {n: p for n, p in self.net.named_parameters() if n in of_head}
        self.objective = CrossEntropy(recipe.label_smoothing)
        self.optimizer = make_optimizer(recipe, self.learned.values())
        self._kept_NF: Tensor | None = None

    def step(self, t: int) -> Done:
        """One batch."""
        feature_BF, batch = self._features(t)
        with shortened(self.recipe.precision, self.given.data.device):
            logits_BC = self._logits(feature_BF)
        shape = (*batch.y_B.shape, self.given.data.classes)
        logits_BC = checked(logits_BC, shape, self.given.models[0]).to(self.given.data.dtype)
        each_B = self.objective.each(logits_BC, batch.y_B, None)
        set_rate(self.optimizer, self.recipe, t, self.steps)
        descend(self.optimizer, each_B)
        augmented = self.recipe.augments
        seen = Seen(batch.index_B, batch.y_B, each_B.detach(), logits_BC.detach(), augmented)
        return Done(Cost(self._forwards(t, batch), batch.y_B.shape[-1]), seen)

    @property
    def _once(self) -> bool:
        """Whether an example always looks the same."""
        return not self.recipe.augments

    def _features(self, t: int) -> tuple[Tensor, Batch]:
        """(B, F) or (M, B, F), and of which batch."""
        if self._once and self._kept_NF is None:  # before the feed hears what comes next
            index_N = torch.arange(len(self.given.data.train_y_N), device=self.given.data.device)
            parts = torch.split(index_N, AT_ONCE)
            asked = [self._asked(self.given.data.train_batch(index_B)) for index_B in parts]
            self._kept_NF = torch.cat(asked, dim=-2)
        batch = self.batches.batch(t)
        if self._kept_NF is None:
            return self._asked(batch.x_BCHW), batch
        index_BF = batch.index_B[..., None].expand(*batch.index_B.shape, self._kept_NF.shape[-1])
        return self._kept_NF.gather(-2, index_BF), batch

    @torch.no_grad()
    def _asked(self, x_BCHW: Tensor) -> Tensor:
        with shortened(self.recipe.precision, self.given.data.device):
            return features(self.net, self.head, x_BCHW)

    def _logits(self, feature_BF: Tensor) -> Tensor:
        weight_CF = self.learned[f"{self.head}.weight"]
        logits_BC = feature_BF @ weight_CF.mT
        bias_C = self.learned.get(f"{self.head}.bias")
        return logits_BC if bias_C is None else logits_BC + bias_C[..., None, :]

    def _forwards(self, t: int, batch: Batch) -> int:
        """Examples that went through the encoder in this step: all in the first one, where that is
        enough."""
        if self._once:
            return 0 if t else len(self.given.data.train_y_N)
        return batch.y_B.shape[-1]

    def ends_epoch(self, t: int) -> bool:
        """Whether step ``t`` is an epoch's last."""
        return (t + 1) % self.batches.per_epoch == 0

    def state(self) -> dict[str, Stateful]:
        """Weights, and what the optimizer keeps for the head's. Features follow from the rest."""
        return {
            "network": self.net,
            "optimizer": OptimizerState(self.optimizer, self.learned.items()),
        }

    def network(self) -> Network:
        """Who answers now."""
        return self.net

    def finish(self) -> list[Facts | Exception]:
        """Nothing acted, so nothing was measured."""
        return [Facts() for _ in self.given.models]


@torch.no_grad()
def _draw_heads(given: Given, head: str) -> None:
    """Each member's anew; ``UserError`` for a head whose weights are not its own."""
    for model, seeds in zip(given.models, given.seeds_M, strict=True):
        layer = model.get_submodule(head)
        names = [name for name, _ in model.named_parameters()]
        if type(layer) is not nn.Linear or f"{head}.weight" not in names:
            raise UserError(
                f"{type(model).__name__}: its head {head!r} is not a plain torch.nn.Linear with "
                "weights of its own, so it cannot be trained alone; give the model one as its last "
                "layer"
            )
        with torch_seeded(mixed(seeds["init"], APART), given.data.device):
            fresh = he(nn.Linear(layer.in_features, layer.out_features, layer.bias is not None))
        own = dict(layer.named_parameters())  # by name: a mask that is gone leaves another order
        for name, drawn in fresh.named_parameters():
            own[name].copy_(drawn)
