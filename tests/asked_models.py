"""Models that answer otherwise in another batch, and some that do not."""

from __future__ import annotations

import torch
from torch import nn


class Separated(nn.Module):
    """Each example's own numbers are its logits, far apart."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 3, bias=False)
        nn.init.eye_(self.head.weight)

    def forward(self, x):
        return self.head(x)


class Centred(Separated):
    """Takes away the mean of the batch: alone, all is 0 and the answer is the first class."""

    def forward(self, x):
        return self.head(x - x.mean(0))


class Pooled(Separated):
    """Sums over places, and a place that is padded counts for the last class."""

    def forward(self, x):
        return self.head(x.sum(1)) + x.shape[1] * torch.tensor([0.0, 0.0, 0.5])


class Normed(Separated):
    """Has a batch norm, which nobody put into eval mode."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        return self.head(self.norm(x))


class Dropped(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Dropout(0.5), Separated())


def build():
    return Centred().eval()


def separated():
    return Separated().eval()


def two(first, second):
    return first, second


def raising():
    raise ValueError("no weights here")


def number():
    return 3


answer = 3
