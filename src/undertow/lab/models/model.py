"""What a model is to the lab: a frozen description that builds a plain single-device module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import nn


class Model(Protocol):
    """A frozen dataclass of sizes whose ``repr`` evaluates back to an equal object."""

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        """A module from normalised images (B, C, H, W), float32, to logits (B, classes),
        initialised by torch's current generator."""
        ...
