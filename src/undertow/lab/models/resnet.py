"""Residual networks in the form the CIFAR experiments use (He et al. 2016, 1512.03385, §4.2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from undertow.lab.models.initialise import he


@dataclass(frozen=True)
class ResNet:
    """``depth`` = 6n + 2 layers: a 3×3 stem, three stages of n two-convolution blocks with
    ``width``, 2 and 4 times ``width`` filters, global average pooling, a linear layer.

    Shortcuts are the paper's option A where the shape changes (every second pixel, new channels
    zero), so they have no parameters. Depth 20 on CIFAR-10 has 269,722 parameters, norms included
    ("0.27M" in the paper's table 6).
    """

    depth: int = 20
    width: int = 16

    def __post_init__(self) -> None:
        if self.depth < 8 or (self.depth - 2) % 6:
            raise ValueError(
                f"ResNet(depth={self.depth}): depth is 6n + 2, such as 8, 14, 20, 32, 44, 56 or 110"
            )

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        """For images of any size from 4 × 4 pixels; stages two and three halve it."""
        blocks: list[nn.Module] = []
        entering = self.width
        for stage, leaving in enumerate((self.width, 2 * self.width, 4 * self.width)):
            for position in range((self.depth - 2) // 6):
                blocks.append(_Block(entering, leaving, stride=2 if stage and not position else 1))
                entering = leaving
        return he(
            nn.Sequential(
                nn.Conv2d(shape_CHW[0], self.width, 3, padding=1, bias=False),
                nn.BatchNorm2d(self.width),
                nn.ReLU(),
                *blocks,
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(entering, classes),
            )
        )


class _Block(nn.Module):
    """relu(x + norm(conv(relu(norm(conv(x))))))."""

    def __init__(self, entering: int, leaving: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(entering, leaving, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(leaving)
        self.conv2 = nn.Conv2d(leaving, leaving, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(leaving)
        self.stride, self.added = stride, leaving - entering

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.shortcut(x) + self.norm2(self.conv2(inner)))

    def shortcut(self, x: torch.Tensor) -> torch.Tensor:
        """Option A: subsample and append zero channels."""
        if self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.added)) if self.added else x
