"""A torch module that an engine has converted layer by layer: how it is asked, and which of its
layers the engine changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.modules.conv import _ConvNd

from undertow.lab.interventions.runtime._operators import Kind, Operator

Codes = NDArray[np.integer[Any]]


def asked(module: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    """The module without gradients."""

    @torch.no_grad()
    def logits(x_BCHW: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = module(x_BCHW)
        return answer

    return logits


def operators(model: nn.Module, codes: Callable[[nn.Module], Codes | None]) -> list[Operator]:
    """Layers with weights that are multiplied. ``codes`` gives the integers of a linear layer that
    the engine changed, and None of all others."""
    found = []
    for name, module in model.named_modules():
        held = codes(module)
        kind = kind_of(module) if held is None else "linear"
        if kind is not None:
            found.append(Operator(kind, name, held))
    return found


def kind_of(module: nn.Module) -> Kind | None:
    """Of a float layer; None for one without weights that are multiplied."""
    if isinstance(module, _ConvNd):
        return "conv2d"
    if isinstance(module, nn.Linear):
        return "linear"
    return "recurrent" if isinstance(module, nn.RNNBase | nn.RNNCellBase) else None
