"""Torch's own optimizers by the recipe's settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from undertow.lab.recipe import Recipe


def make_optimizer(
    recipe: Recipe, parameters: Iterable[torch.Tensor] | list[dict[str, Any]]
) -> torch.optim.Optimizer:
    """SGD or Adam over all parameters, biases and norms included; decay is the L2 kind, inside the
    gradient.

    The momentum of a recipe is SGD's; Adam keeps torch's 0.9 and 0.999. Fused: one pass over the
    memory of each.
    """
    if recipe.optimizer == "adam":
        return torch.optim.Adam(
            parameters, lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True
        )
    return torch.optim.SGD(
        parameters,
        lr=recipe.lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov and recipe.momentum > 0,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
