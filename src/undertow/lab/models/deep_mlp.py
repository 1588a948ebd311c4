"""A fully connected network whose depth, activation, norm and shortcuts are choices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from undertow.lab.models.initialise import he

Activation = Literal["relu", "prelu", "elu", "swish", "srelu", "sigmoid"]


class SReLU(nn.Module):
    """S-shaped rectified linear unit (1512.07030, eq. 1): slope ``left`` below ``low``, 1 between,
    ``right`` above ``high``, all four learned per feature; they begin at 0.4, −0.4, 2 and 0.4, as
    2102.01670 plots them."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.low, self.high = (nn.Parameter(torch.full((features,), v)) for v in (-0.4, 0.4))
        self.left, self.right = (nn.Parameter(torch.full((features,), v)) for v in (0.4, 2.0))

    def forward(self, x: Tensor) -> Tensor:
        below = self.low + self.left * (x - self.low)
        above = self.high + self.right * (x - self.high)
        return torch.where(x <= self.low, below, torch.where(x >= self.high, above, x))


class Residual(nn.Module):
    """What the layers inside make of their input, added to it."""

    def __init__(self, *inside: nn.Module) -> None:
        super().__init__()
        self.inside = nn.Sequential(*inside)

    def forward(self, x: Tensor) -> Tensor:
        inside: Tensor = self.inside(x)
        return x + inside


@dataclass(frozen=True)
class DeepMLP:
    """Flattened pixels, ``depth`` layers of ``width`` features each, then logits.

    A layer is linear, then batch norm where ``norm``, then the activation; with ``skip`` all but
    the first are added to what they read. PReLU's slope is learned and begins at 0.25. Weights
    start by He's rule whatever the activation, so that networks differ in nothing else.
    """

    width: int
    depth: int = 4
    activation: Activation = "relu"
    norm: bool = False
    skip: bool = False

    def __post_init__(self) -> None:
        if self.activation not in get_args(Activation):
            raise ValueError(
                f"{self!r}: there is no such activation; choose from "
                f"{', '.join(get_args(Activation))}"
            )

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        """For images of any size. Weights: in · width + (depth − 1) · width² + width · classes."""
        layers: list[nn.Module] = [nn.Flatten(), *self._layer(math.prod(shape_CHW))]
        for _ in range(self.depth - 1):
            inner = self._layer(self.width)
            layers += [Residual(*inner)] if self.skip else inner
        return he(nn.Sequential(*layers, nn.Linear(self.width, classes)))

    def _layer(self, entering: int) -> list[nn.Module]:
        norm = [nn.BatchNorm1d(self.width)] if self.norm else []
        return [nn.Linear(entering, self.width), *norm, self._bend()]

    def _bend(self) -> nn.Module:
        if self.activation == "srelu":
            return SReLU(self.width)
        bends: dict[str, type[nn.Module]] = {
            "prelu": nn.PReLU,
            "elu": nn.ELU,
            "swish": nn.SiLU,
            "sigmoid": nn.Sigmoid,
        }
        return bends.get(self.activation, nn.ReLU)()
