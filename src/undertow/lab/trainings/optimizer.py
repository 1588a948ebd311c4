"""Torch's own optimizers by the recipe's settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

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


class OptimizerState:
    """What an optimizer keeps for each parameter, for a checkpoint; its settings are the
    recipe's."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer

    def state_dict(self) -> dict[int, dict[str, Tensor]]:
        """By the parameter's number."""
        state: dict[int, dict[str, Tensor]] = self.optimizer.state_dict()["state"]
        return state

    def load_state_dict(self, state_dict: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Put it back, laid out as the parameters are."""
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        kept = {
            int(index): {
                name: _laid_out(value, parameters[int(index)]) for name, value in values.items()
            }
            for index, values in state_dict.items()
        }
        self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": kept})


def _laid_out(value: Tensor, parameter: Tensor) -> Tensor:
    """The value in the parameter's order of memory, since fused optimizers walk both side by
    side."""
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, requires_grad=False).copy_(value)
