"""A layer that adds where others multiply: answers are minus the L1 distances to its weights
(AdderNet, 1912.13200). Processors multiply and add in one instruction, and not this."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from undertow.lab.lottery.ideas.idea import Idea, Side


class Adder(nn.Module):
    """(B, in) to (B, out): ``-sum |x - w|``, of operators that torch has."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))

    def forward(self, x_BF: Tensor) -> Tensor:
        return -(x_BF[:, None] - self.weight).abs().sum(-1)


class AdderKernel(Adder):
    """The same by the kernel that torch happens to have, of distances between points."""

    def forward(self, x_BF: Tensor) -> Tensor:
        return -torch.cdist(x_BF, self.weight, p=1.0)


def additions(network: nn.Module, batch: int) -> float:
    """A subtraction and an addition for each weight, as the paper counts; torch counts neither."""
    return 2.0 * batch * sum(weight.numel() for weight in network.parameters())


SIDES = (512, 512)
TWIN = Side("a linear layer, 512 to 512", lambda: nn.Linear(*SIDES), SIDES[:1])
ADDER = Idea(
    "adder",
    Side(
        "minus L1 distances, 512 to 512, of a difference, its size and a sum",
        lambda: Adder(*SIDES),
        SIDES[:1],
        additions,
    ),
    TWIN,
)
ADDER_KERNEL = Idea(
    "adder-kernel",
    Side(
        "the same by torch.cdist, a kernel made for it",
        lambda: AdderKernel(*SIDES),
        SIDES[:1],
        additions,
    ),
    TWIN,
    {"onnxruntime": "torch.onnx has no translation of aten._cdist_forward"},
)
