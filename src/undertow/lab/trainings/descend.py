"""One step of an optimizer down the mean loss over examples."""

from __future__ import annotations

import torch
from torch import Tensor

from undertow.lab.recipe import Recipe
from undertow.lab.trainings.learning_rate import learning_rate
from undertow.lab.trainings.training import Network


def descend(
    optimizer: torch.optim.Optimizer, each_B: Tensor, weight_B: Tensor | None = None
) -> None:
    """Zero, backward, step. The mean is over the last axis alone, so members side by side, each
    with its own examples, move as each would by itself. ``weight_B`` is what each loss counts for,
    1 unless given. Gradients stay until the next step."""
    optimizer.zero_grad()
    # what the mean's gradient is, without the mean: two operations less in a step
    share_B = torch.full_like(each_B, 1 / each_B.shape[-1])
    torch.autograd.backward(each_B, share_B if weight_B is None else share_B * weight_B)
    optimizer.step()


def set_rate(optimizer: torch.optim.Optimizer, recipe: Recipe, t: int, steps: int) -> None:
    """The learning rate of step ``t`` of ``steps``."""
    rate = learning_rate(recipe, t, steps)
    for group in optimizer.param_groups:
        group["lr"] = rate


def forget_gradients(network: Network) -> None:
    """Those that an earlier phase left, where a phase does not learn all parameters: what can be
    read after a step is of that step."""
    for parameter in network.parameters():
        parameter.grad = None
