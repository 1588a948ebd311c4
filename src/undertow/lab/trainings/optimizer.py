"""Torch's own optimizers by the recipe's settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from undertow.lab.recipe import Recipe


def make_optimizer(
    recipe: Recipe, parameters: Iterable[torch.Tensor] | list[dict[str, Any]]
) -> torch.optim.Optimizer:
    """The recipe's optimizer over all parameters, biases and norms included.

    All but SGD have torch's own settings beside rate and decay: Adam's 0.9 and 0.999, RMSProp's
    0.99. Fused where torch can: one pass over the memory of each.
    """
    rate, decay = recipe.lr, recipe.weight_decay
    match recipe.optimizer:
        case "adam":
            return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, fused=True)
        case "adamw":
            return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=True)
        case "adagrad":
            return torch.optim.Adagrad(parameters, lr=rate, weight_decay=decay)
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=rate, weight_decay=decay)
    return torch.optim.SGD(
        parameters,
        lr=rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov and recipe.momentum > 0,
        weight_decay=decay,
        fused=True,
    )


class OptimizerState:
    """What an optimizer keeps for each parameter, for a checkpoint; its settings are the recipe's.

    By the parameter's name, since removing a mask moves its weight to the end of a layer's
    parameters: their order is another one in a model that was built anew.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, named: Iterable[tuple[str, nn.Parameter]]
    ) -> None:
        self.optimizer = optimizer
        self.parameters = dict(named)

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        """Moments and counts by name; nothing for a parameter that never had a gradient."""
        held = self.optimizer.state
        return {name: dict(held[p]) for name, p in self.parameters.items() if p in held}

    def load_state_dict(self, state_dict: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Put it back, laid out as the parameters are."""
        numbers = self.optimizer.state_dict()["param_groups"]
        order = [p for group in self.optimizer.param_groups for p in group["params"]]
        number = {id(p): index for index, p in enumerate(order)}
        kept = {
            number[id(self.parameters[name])]: {
                key: _laid_out(value, self.parameters[name]) for key, value in values.items()
            }
            for name, values in state_dict.items()
        }
        self.optimizer.load_state_dict({"state": kept, "param_groups": numbers})


def _laid_out(value: Tensor, parameter: Tensor) -> Tensor:
    """The value in the parameter's order of memory, since fused optimizers walk both side by
    side."""
    if value.ndim == 0:
        return value
    return torch.empty_like(parameter, requires_grad=False).copy_(value)
