"""Flattening for models whose images lie channels last in memory."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Flatten(nn.Flatten):
    """``nn.Flatten`` whose gradient comes back in the order of memory of what was flattened: the
    same numbers.

    Torch's comes back channels first, and the ReLU before it then reads two orders at once, element
    by element, which costs ``SmallCNN`` a twentieth of a step on a CPU.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C·H·W), by channel, row and column."""
        if (
            self.training
            and input.requires_grad
            and input.is_contiguous(memory_format=torch.channels_last)
        ):
            input.register_hook(_channels_last)  # type: ignore[no-untyped-call]
        return super().forward(input)


def _channels_last(gradient_BCHW: Tensor) -> Tensor:
    return gradient_BCHW.contiguous(memory_format=torch.channels_last)
