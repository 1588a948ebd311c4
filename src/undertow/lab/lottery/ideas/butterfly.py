"""A butterfly: log2 n sparse matrices, as in a fast Fourier transform, in place of one dense one
(Dao et al., 2019; 1903.05895)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from undertow.lab.lottery.ideas.idea import Idea, Side


class Butterfly(nn.Module):
    """(B, n) to (B, n), n a power of 2. In stage s numbers that are 2**s apart are mixed in pairs,
    each pair by a matrix of its own."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size, self.stages = size, size.bit_length() - 1
        self.weight = nn.Parameter(torch.randn(self.stages, 2, size) / 2**0.5)

    def forward(self, x_BF: Tensor) -> Tensor:
        for stage in range(self.stages):
            apart = 2**stage
            # (B, pairs, 1, which of a pair is read, apart) · (pairs, written, read, apart)
            read = x_BF.reshape(-1, self.size // 2 // apart, 1, 2, apart)
            mixed = self.weight[stage].reshape(-1, 2, 2, apart) * read
            x_BF = mixed.sum(3).flatten(1)
        return x_BF


def mixing_operations(network: nn.Module, batch: int) -> float:
    """A multiplication and an addition for each weight, as a product with each of its matrices has;
    torch counts neither."""
    return 2.0 * batch * sum(weight.numel() for weight in network.parameters())


BUTTERFLY = Idea(
    "butterfly",
    Side(
        "a butterfly of 4,096 numbers, 12 stages",
        lambda: Butterfly(4096),
        (4096,),
        mixing_operations,
    ),
    Side("a linear layer, 256 to 384", lambda: nn.Linear(256, 384), (256,)),
)
