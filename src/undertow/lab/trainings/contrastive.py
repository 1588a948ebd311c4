"""Contrastive training of an encoder: SupCon (2004.11362, L_out) with the labels, SimCLR
(2002.05709, NT-Xent) without. One text for a member and for several side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from undertow.errors import UserError
from undertow.lab.feeds.batches import Batches
from undertow.lab.feeds.uniforms import uniforms
from undertow.lab.feeds.views import (
    Augmentation,
    Flip,
    Greyscale,
    Jitter,
    ResizedCrop,
    numbers,
    view_of,
)
from undertow.lab.models.head import head_of, is_of_head
from undertow.lab.models.initialise import he
from undertow.lab.recipe import Recipe
from undertow.lab.trainings.by_recipe import ByRecipe
from undertow.lab.trainings.descend import descend, forget_gradients, set_rate
from undertow.lab.trainings.features import features
from undertow.lab.trainings.noise import mixed, torch_seeded
from undertow.lab.trainings.optimizer import OptimizerState, make_optimizer
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.stack import Stack
from undertow.lab.trainings.training import Cost, Done, Facts, Given, Network, Seen, Stateful
from undertow.lab.trainings.weights import WeightsOf

VIEWS: tuple[Augmentation, ...] = (ResizedCrop(), Flip(), Jitter(), Greyscale())
"""Those of 2207.00200 and of SupCon's published code."""

V = 2
"""Views of each example in a batch."""

APART = 1
"""Tells the projector's draws from those of the encoder."""


def contrast(z_VF: Tensor, kin_V: Tensor, temperature: float) -> Tensor:
    """The loss (V,) of each anchor in nats: the mean over its kin p of
    −log exp(z·z_p/τ) / Σ_a exp(z·z_a/τ), the sum over all a but the anchor itself.

    ``z_VF`` are projections of length 1, ``kin_V`` whole numbers that kin share: labels for L_out
    of 2004.11362 (eq. 2: the mean over kin is outside the logarithm), the example's own number for
    NT-Xent. Both may have further axes in front (members). An anchor without kin has nothing to be
    drawn to: its loss is 0 and it gives no gradient, though it stays among the others'. Where all
    z are equal, an anchor with kin has log(V − 1).
    """
    itself_VV = torch.eye(kin_V.shape[-1], dtype=torch.bool, device=z_VF.device)
    kin_VV = (kin_V[..., :, None] == kin_V[..., None, :]) & ~itself_VV
    log_p_VV = (z_VF @ z_VF.mT / temperature).masked_fill(itself_VV, -math.inf).log_softmax(-1)
    return -log_p_VV.where(kin_VV, 0).sum(-1) / kin_VV.sum(-1).clamp(min=1)


@dataclass(frozen=True)
class Contrastive(ByRecipe):
    """Draw views of the same label together (``labels``), or those of the same example alone.

    The model's encoder and a projector learn: a linear layer to ``projector[0]`` features, ReLU,
    and a linear layer to ``projector[1]``, whose outputs are brought to length 1. The projector is
    thrown away at the end, and the model's head stays as it is: what follows trains it
    (``LinearProbe``). Each example of a batch is seen in two views, which pass through the network
    in one batch. ``views`` are changed from pictures by numbers that belong to (stream ``augment``,
    epoch, example), one set for each view; the recipe's own crops and flips would be the same in
    both, and are refused.

    ``base_temperature`` multiplies the loss by τ / τ_base, as the published code does (2207.00200:
    τ = 0.5, τ_base = 0.07); without it the loss is that of the papers. Interventions on weights act
    on the whole model, its head included.
    """

    sites: ClassVar[frozenset[str]] = frozenset({"weights", "arithmetic"})
    by_itself: ClassVar[str] = ""

    recipe: Recipe
    temperature: float = 0.5
    base_temperature: float | None = None
    labels: bool = True
    projector: tuple[int, int] = (128, 128)
    views: tuple[Augmentation, ...] = VIEWS

    def __post_init__(self) -> None:
        if not (self.temperature > 0 and (self.base_temperature is None or self._factor > 0)):
            raise ValueError(f"{self!r}: temperatures are above 0")
        if self.recipe.flip or self.recipe.crop:
            raise ValueError(
                f"{self!r}: the recipe's flip and crop would be the same in both views; leave them "
                "out, and give views=(Flip(), ResizedCrop())"
            )
        if self.recipe.label_smoothing:
            raise ValueError(
                f"{self!r}: label_smoothing is of cross-entropy with labels; set it to 0"
            )

    @property
    def _factor(self) -> float:
        base = self.base_temperature
        return 1.0 if base is None else self.temperature / base if base > 0 else 0.0

    def each(self, z_VF: Tensor, kin_B: Tensor) -> Tensor:
        """The loss (B,) of each example, the mean of its two views'. ``z_VF`` has the first view of
        all examples, then the second."""
        each_V = self._factor * contrast(z_VF, torch.cat([kin_B] * V, -1), self.temperature)
        return each_V.reshape(*each_V.shape[:-1], V, -1).mean(-2)

    def start(self, given: Given) -> ContrastiveRun:
        """Begin: interventions on weights prepare the models before an optimizer sees them."""
        return ContrastiveRun(self, given)


class ContrastiveRun:
    """One member on its way, or several side by side."""

    def __init__(self, what: Contrastive, given: Given) -> None:
        self.what, self.recipe, self.given = what, what.recipe, given
        self.epochs, self.head = what.epochs, head_of(given.models[0])
        self.batches = Batches(given.data, what.recipe, given.seeds_M, given.together)
        self.steps = self.batches.per_epoch * what.epochs
        self.weights = WeightsOf(given, self.steps)
        self.projector = _projector(what, given, self.head)
        self.noise = given.noise("dropout")
        self.net = given.network(self.noise)
        forget_gradients(self.net)
        self.learned = _learned(self.net, self.projector, self.head, given)
        self.optimizer = make_optimizer(what.recipe, self.learned.values())

    def step(self, t: int) -> Done:
        """Two views of one batch."""
        index_B, x_BCHW, y_B = self.batches.batch(t)
        z_VF = self._projected(t, self._views(t, index_B, x_BCHW))
        each_B = self.what.each(z_VF, y_B if self.what.labels else index_B)
        set_rate(self.optimizer, self.recipe, t, self.steps)
        descend(self.optimizer, each_B)
        self.weights.after_step(t)
        passed = V * y_B.shape[-1]
        return Done(Cost(passed, passed), Seen(index_B, y_B, each_B.detach(), None))

    def _views(self, t: int, index_B: Tensor, x_BCHW: Tensor) -> Tensor:
        """(2 B, C, H, W), or (M, 2 B, C, H, W) where members see other images."""
        data, epoch = self.given.data, t // self.batches.per_epoch
        shared = x_BCHW.ndim == 4
        seeds_M = [seeds["augment"] for seeds in self.given.seeds_M[: 1 if shared else None]]
        index_B = index_B[0] if shared and index_B.ndim == 2 else index_B
        x_VCHW = torch.cat([x_BCHW] * V, dim=-4)
        wanted = numbers(self.what.views)
        u_VK = torch.cat(
            [
                uniforms([mixed(mixed(seed, epoch), v) for seed in seeds_M], index_B, wanted)
                for v in range(V)
            ],
            dim=-2,
        )
        how = self.what.views, data.black_C, data.white_C
        if shared:  # as it comes, since a reshape would lose the strides that dropout draws by
            return view_of(x_VCHW, u_VK, *how)
        return view_of(x_VCHW.flatten(0, 1), u_VK.flatten(0, 1), *how).reshape(x_VCHW.shape)

    def _projected(self, t: int, x_VCHW: Tensor) -> Tensor:
        """Of length 1, in the number type of the data."""
        self.noise.at(t)
        with shortened(self.recipe.precision, self.given.data.device):
            feature_VF = features(self.net, self.head, x_VCHW)
            # as pictures of one pixel: by its axes a stack knows what each member has of its own
            z_VF = self.projector(feature_VF[..., None, None])
        return F.normalize(z_VF.to(self.given.data.dtype), dim=-1)

    def ends_epoch(self, t: int) -> bool:
        """Whether step ``t`` is an epoch's last."""
        return (t + 1) % self.batches.per_epoch == 0

    def state(self) -> dict[str, Stateful]:
        """Weights, running statistics and masks, the projector, and what the optimizer keeps."""
        return {
            "weights": self.weights,
            "network": self.net,
            "projector": self.projector,
            "optimizer": OptimizerState(self.optimizer, self.learned.items()),
        }

    def network(self) -> Network:
        """The classifier, whose head does not learn."""
        return self.net

    def finish(self) -> list[Facts | Exception]:
        """End the interventions on weights; the projector is of no further use."""
        return self.weights.finish()


def _projector(what: Contrastive, given: Given, head: str) -> Network:
    """From features to where they are compared, each member's drawn from its ``init`` stream."""
    wide, out = what.projector
    projectors: list[nn.Module] = []
    for model, seeds in zip(given.models, given.seeds_M, strict=True):
        entering = model.get_submodule(head)
        assert isinstance(entering, nn.Linear)
        with torch_seeded(mixed(seeds["init"], APART), given.data.device):
            layers = nn.Linear(entering.in_features, wide), nn.ReLU(), nn.Linear(wide, out)
            made = he(nn.Sequential(nn.Flatten(), *layers))
        projectors.append(made.to(given.data.device, given.data.dtype))
    return Stack(projectors, ()) if given.together else projectors[0]


def _learned(
    network: Network, projector: Network, head: str, given: Given
) -> dict[str, nn.Parameter]:
    """All but the head, by name; ``UserError`` where the encoder has nothing to learn."""
    encoder = {n: p for n, p in network.named_parameters() if not is_of_head(n, head)}
    if not encoder:
        raise UserError(
            f"{type(given.models[0]).__name__}: has no parameters before its head {head!r}, so "
            "there is no encoder to train; give a model with a hidden layer"
        )
    return encoder | {f"projector {n}": p for n, p in projector.named_parameters()}
