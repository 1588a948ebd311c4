"""Wide residual networks (Zagoruyko and Komodakis 2016, 1605.07146)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from undertow.lab.models.initialise import he


@dataclass(frozen=True)
class WideResNet:
    """WRN-``depth``-``widen``: depth 6n + 4, a ``stem`` of 16 filters, three stages of n
    pre-activation blocks with 1, 2 and 4 times ``stem`` · ``widen`` filters, norm, ReLU, global
    average pooling, a linear layer.

    Where a block's shape changes, its shortcut is a 1×1 convolution of the activated input, as in
    the authors' code. ``dropout`` acts between the two convolutions of a block. WRN-16-2 on
    CIFAR-10 has 691,674 parameters.
    """

    depth: int = 16
    widen: int = 2
    dropout: float = 0.0
    stem: int = 16
    """The authors' 16; fewer make a network of this family that a CPU trains in seconds."""
    stride: int = 1
    """Of the stem, the authors' 1; 2 halves the image at once, for a quarter of the work."""

    def __post_init__(self) -> None:
        if self.depth < 10 or (self.depth - 4) % 6:
            raise ValueError(
                f"WideResNet(depth={self.depth}): depth is 6n + 4, such as 10, 16, 22, 28 or 40"
            )
        if min(self.widen, self.stem, self.stride) < 1 or not 0 <= self.dropout < 1:
            raise ValueError(
                f"{self!r}: widen, stem and stride are at least 1, dropout at least 0 and below 1"
            )

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        """For images of any size from 4 × 4 pixels; stages two and three halve it."""
        blocks: list[nn.Module] = []
        entering = self.stem
        for stage in range(3):
            leaving = self.stem * 2**stage * self.widen
            for position in range((self.depth - 4) // 6):
                stride = 2 if stage and not position else 1
                blocks.append(_Block(entering, leaving, stride, self.dropout))
                entering = leaving
        return he(
            nn.Sequential(
                nn.Conv2d(shape_CHW[0], self.stem, 3, stride=self.stride, padding=1, bias=False),
                *blocks,
                nn.BatchNorm2d(entering),
                nn.ReLU(),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(entering, classes),
            )
        )


class _Block(nn.Module):
    """x + conv(dropout(relu(norm(conv(relu(norm(x)))))))."""

    def __init__(self, entering: int, leaving: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(entering)
        self.conv1 = nn.Conv2d(entering, leaving, 3, stride=stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(leaving)
        self.conv2 = nn.Conv2d(leaving, leaving, 3, padding=1, bias=False)
        self.dropout = nn.Dropout(dropout)
        changes = stride > 1 or entering != leaving
        self.project = (
            nn.Conv2d(entering, leaving, 1, stride=stride, bias=False) if changes else None
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        active = F.relu(self.norm1(x))
        inner = self.dropout(F.relu(self.norm2(self.conv1(active))))
        shortcut = x if self.project is None else self.project(active)
        return torch.add(shortcut, self.conv2(inner))
