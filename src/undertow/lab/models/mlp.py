"""Fully connected network."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from torch import nn

from undertow.lab.models.initialise import he


@dataclass(frozen=True)
class MLP:
    """Flattened pixels, then ReLU layers of these widths, then logits."""

    hidden: tuple[int, ...] = (128,)

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        """For images of any size. Parameters: Σ (in + 1) · out over the layers."""
        layers: list[nn.Module] = [nn.Flatten()]
        for wide, next_wide in itertools.pairwise((math.prod(shape_CHW), *self.hidden)):
            layers += [nn.Linear(wide, next_wide), nn.ReLU()]
        last = self.hidden[-1] if self.hidden else math.prod(shape_CHW)
        return he(nn.Sequential(*layers, nn.Linear(last, classes)))
