"""A small convolutional network that trains in seconds on one CPU core."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from undertow.lab.models.flatten import Flatten
from undertow.lab.models.initialise import he


@dataclass(frozen=True)
class SmallCNN:
    """Two 3×3 convolutions (``width`` and twice ``width`` filters), each with batch norm, 2×2 max
    pooling and ReLU, then a linear layer on the flattened map.

    Pooling comes before the norm and ReLU: for max pooling and ReLU the order changes nothing but
    the cost, a quarter of the elements to normalise.
    """

    width: int = 16

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        """For images of at least 4 × 4 pixels."""
        channels, height, wide = shape_CHW
        if min(height, wide) < 4:
            raise ValueError(
                f"SmallCNN halves the image twice; {height} × {wide} pixels are too "
                "few, 4 × 4 the least"
            )
        features = 2 * self.width * (height // 4) * (wide // 4)
        return he(
            nn.Sequential(
                *_block(channels, self.width),
                *_block(self.width, 2 * self.width),
                Flatten(),
                nn.Linear(features, classes),
            )
        )


def _block(entering: int, leaving: int) -> tuple[nn.Module, ...]:
    # No bias: the norm that follows would cancel it.
    convolution = nn.Conv2d(entering, leaving, 3, padding=1, bias=False)
    return convolution, nn.MaxPool2d(2), nn.BatchNorm2d(leaving), nn.ReLU()
