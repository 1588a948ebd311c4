"""The reference trainer: one member, one straight loop. Every other runner must give what this gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional as F

from undertow.errors import UndertowError
from undertow.lab.interventions.site import AbstractWeights, Horizon
from undertow.lab.train.augment import Draws, augmented, generator
from undertow.lab.train.recipe import Recipe
from undertow.lab.train.resident import Resident
from undertow.lab.train.schedule import learning_rate


class DivergedError(UndertowError):
    """A member's loss or output stopped being a number."""


def train_member(
    model: nn.Module,
    data: Resident,
    recipe: Recipe | None,
    seeds: Mapping[str, int],
    interventions: Sequence[AbstractWeights] = (),
    on_epoch: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Train ``model`` in place and return what was measured: the last epoch's mean loss, the interventions' facts.

    ``recipe=None`` trains nothing and only applies the interventions. The order of examples is drawn per epoch from
    the stream ``order``, crops and flips from ``augment``, masks from ``init``; ``dropout`` seeds torch's own generator
    for the length of the call, since ``nn.Dropout`` listens to no other. The last batch of an epoch may be short.
    Raises ``DivergedError`` at the end of an epoch whose loss is not finite.
    """
    examples = len(data.train_y_N)
    per_epoch = math.ceil(examples / recipe.batch) if recipe else 0
    steps = per_epoch * recipe.epochs if recipe else 0
    runs = [i.start(model, Horizon(steps, seeds["init"])) for i in interventions]
    facts: dict[str, float] = {}
    if recipe:
        optimizer = make_optimizer(recipe, model)
        with torch_seeded(seeds["dropout"], data.device):
            model.train()
            for epoch in range(recipe.epochs):
                order_N = torch.randperm(examples, generator=generator(seeds["order"], epoch)).to(data.device)
                draws = Draws.of_epoch(seeds["augment"], epoch, examples, recipe.crop, data.device)
                total = torch.zeros((), device=data.device)
                for batch, index_B in enumerate(torch.split(order_N, recipe.batch)):
                    step = epoch * per_epoch + batch
                    x_BCHW = augmented(data.train_x_NCHW[index_B], index_B, draws, recipe, data.black_C)
                    for group in optimizer.param_groups:
                        group["lr"] = learning_rate(recipe, step, steps)
                    loss = F.cross_entropy(
                        model(x_BCHW), data.train_y_N[index_B], label_smoothing=recipe.label_smoothing
                    )
                    optimizer.zero_grad()
                    torch.autograd.backward(loss)
                    optimizer.step()
                    for run in runs:
                        run.after_step(step)
                    total += loss.detach() * len(index_B)
                facts["loss"] = float(total) / examples
                if not math.isfinite(facts["loss"]):
                    raise DivergedError(f"the loss was {facts['loss']} in epoch {epoch + 1} of {recipe.epochs}")
                if on_epoch:
                    on_epoch(epoch + 1, recipe.epochs)
    for run in runs:
        effect = run.finish()
        facts |= {"weights_changed": float(effect.changed)} | effect.facts
    return facts


@contextmanager
def torch_seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Torch's own generators start at ``seed`` inside and are as they were outside."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def make_optimizer(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    """Torch's SGD or Adam over all parameters, biases and norms included; decay is the L2 kind, inside the gradient.

    The momentum of a recipe is SGD's; Adam keeps torch's 0.9 and 0.999.
    """
    if recipe.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
    return torch.optim.SGD(
        model.parameters(),
        lr=recipe.lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov and recipe.momentum > 0,
        weight_decay=recipe.weight_decay,
    )
