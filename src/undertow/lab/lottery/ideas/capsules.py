"""Capsules with dynamic routing (Sabour, Frosst and Hinton, 2017; 1710.09829), which the essay
names: they ran well enough on CPUs, and fall off a cliff where only matrix products are fast."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from undertow.lab.lottery.ideas.idea import Idea, Side

SMALLEST = 1e-8
"""Below this squared length a vector is taken for none."""


def squash(s: Tensor) -> Tensor:
    """Along the last axis: the direction stays, the length l becomes l² / (1 + l²)."""
    squared = (s * s).sum(-1, keepdim=True)
    return s * (squared / (1 + squared) * (squared + SMALLEST).rsqrt())


def routed(votes: Tensor, rounds: int) -> Tensor:
    """Votes (B, C, I, F) of I capsules for C classes to what the classes become, (B, C, F).

    A capsule's weights over classes are a softmax of its logits, which begin at 0 and gain, after
    each round but the last, the agreement of its vote with what the class became.
    """
    logits = torch.zeros_like(votes[..., :1])
    became = squash(torch.matmul(logits.softmax(1).transpose(-1, -2), votes))
    for _ in range(rounds - 1):
        logits = logits + torch.matmul(votes, became.transpose(-1, -2))
        became = squash(torch.matmul(logits.softmax(1).transpose(-1, -2), votes))
    return became.squeeze(-2)


class Capsules(nn.Module):
    """Primary capsules of a convolution, and a layer of class capsules by routing. Answers are
    their lengths, (B, C)."""

    def __init__(
        self, channels: int, side: int, types: int, length: int, classes: int, features: int,
        rounds: int = 3,
    ) -> None:  # fmt: skip
        super().__init__()
        self.primary = nn.Conv2d(channels, types * length, 3, stride=2)
        self.types, self.length, self.classes = types, length, classes
        self.features, self.rounds = features, rounds
        count = types * ((side - 3) // 2 + 1) ** 2
        self.weight = nn.Parameter(torch.randn(count, length, classes * features) * 0.1)

    def votes(self, x_BCHW: Tensor) -> Tensor:
        """(B, C, I, F): each primary capsule's for each class."""
        found = self.primary(x_BCHW)
        by_type = found.reshape(-1, self.types, self.length, found[0, 0].numel())
        capsules = squash(by_type.transpose(2, 3).flatten(1, 2))  # (B, I, length)
        each = torch.matmul(capsules.transpose(0, 1), self.weight)  # (I, B, classes · features)
        split = each.reshape(len(each), -1, self.classes, self.features)
        return split.permute(1, 2, 0, 3).contiguous()

    def forward(self, x_BCHW: Tensor) -> Tensor:
        became = routed(self.votes(x_BCHW), self.rounds)
        return (became * became).sum(-1).sqrt()


def twin(channels: int, side: int, hidden: int, outputs: int) -> nn.Module:
    """The same convolution, and a linear layer in place of the class capsules."""
    pixels = ((side - 3) // 2 + 1) ** 2
    return nn.Sequential(
        nn.Conv2d(channels, hidden, 3, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(hidden * pixels, outputs),
    )


CAPSULES = Idea(
    "capsules",
    Side(
        "400 primary capsules of 8 numbers, 10 class capsules of 16, 3 rounds of routing",
        lambda: Capsules(64, 12, types=16, length=8, classes=10, features=16),
        (64, 12, 12),
    ),
    Side(
        "the same convolution and a linear layer, 3,200 to 260",
        lambda: twin(64, 12, 128, 260),
        (64, 12, 12),
    ),
)
