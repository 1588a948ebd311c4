"""The small network of the paper on randomness from tooling."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from torch import nn

from undertow.lab.models.flatten import Flatten
from undertow.lab.models.initialise import he


@dataclass(frozen=True)
class ThreeBlockCNN:
    """Three blocks of a 3×3 convolution (``widths`` filters each), batch norm if ``norm``, ReLU and
    2×2 max pooling; the mean over the map, a hidden layer of ``hidden`` units with ReLU and
    ``dropout``, a linear layer.

    As the released code of 2106.11872 has it, batch norm being its option and dropout a line that
    is commented out there; it starts from Glorot uniform weights, models here from He's.

    Raises ``ValueError`` for a dropout outside 0 to 1, and in ``build`` for images below 8 × 8.
    """

    widths: tuple[int, int, int] = (16, 32, 32)
    norm: bool = True
    hidden: int = 32
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise ValueError(f"{self!r}: dropout is a share, from 0 to below 1")

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        """For images of at least 8 × 8 pixels."""
        channels, height, wide = shape_CHW
        if min(height, wide) < 8:
            raise ValueError(
                f"ThreeBlockCNN halves the image three times; {height} × {wide} pixels are too "
                "few, 8 × 8 the least"
            )
        blocks = itertools.pairwise((channels, *self.widths))
        layers = [layer for block in blocks for layer in self._block(*block)]
        drops = [nn.Dropout(self.dropout)] if self.dropout else []
        hidden = [nn.Linear(self.widths[-1], self.hidden), nn.ReLU(), *drops]
        mean = [nn.AdaptiveAvgPool2d(1), Flatten()]
        return he(nn.Sequential(*layers, *mean, *hidden, nn.Linear(self.hidden, classes)))

    def _block(self, entering: int, leaving: int) -> list[nn.Module]:
        # no bias where the norm that follows would cancel it
        convolution = nn.Conv2d(entering, leaving, 3, padding=1, bias=not self.norm)
        norms = [nn.BatchNorm2d(leaving)] if self.norm else []
        return [convolution, *norms, nn.ReLU(), nn.MaxPool2d(2)]
