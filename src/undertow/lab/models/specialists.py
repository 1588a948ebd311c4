"""``Specialists``: a network for each class in one model, each of which knows all classes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from undertow.lab.models.model import Model


@dataclass(frozen=True)
class Specialists:
    """As many networks of ``model`` as there are classes, each drawn by itself.

    ``ClassWeighted`` trains network c with more weight on class c, and ``Reducr`` asks each by
    itself. As one model they answer with the mean of their probabilities.
    """

    model: Model

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        """For images that ``model`` takes."""
        return Panel([self.model.build(shape_CHW, classes) for _ in range(classes)])


class Panel(nn.Module):
    """K networks side by side."""

    def __init__(self, networks: list[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def each(self, x_BCHW: Tensor) -> Tensor:
        """(B, K, C): the logits of each network."""
        return torch.stack([network(x_BCHW) for network in self.networks], dim=-2)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, C): logarithms of the mean of their probabilities."""
        return together(self.each(x_BCHW))


def together(logits_BKC: Tensor) -> Tensor:
    """(B, C): log of the mean over K networks of softmax(logits)."""
    return logits_BKC.log_softmax(-1).logsumexp(-2) - math.log(logits_BKC.shape[-2])
