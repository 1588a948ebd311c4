"""Where a variant's time goes."""

from __future__ import annotations

import time

import pytest
import torch
from torch import nn

from undertow.lab.lottery.shares import part_of, shares_of_time
from undertow.lab.lottery.sparse import SparseLinear


class Slow(nn.Linear):
    def forward(self, x):
        work(0.02)
        return x


class SlowSparse(SparseLinear):
    def __init__(self):
        super().__init__(torch.eye(2), None)

    def forward(self, x):
        work(0.06)
        return x


class Rest(nn.Module):
    def forward(self, x):
        work(0.02)
        return x


def work(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_time_is_that_of_layers_by_what_became_of_them():
    network = nn.Sequential(SlowSparse(), Slow(2, 2), Rest())
    x = torch.zeros(1, 2)
    shares = shares_of_time(network, lambda: network(x), 2)
    assert shares == pytest.approx({"changed": 0.6, "fallback": 0.2, "rest": 0.2}, abs=0.05)
    assert sum(shares.values()) == pytest.approx(1)
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in network.modules())


def test_which_layers_are_changed():
    assert part_of(nn.Conv2d(1, 1, 1)) == "fallback"
    assert part_of(SparseLinear(torch.eye(2), None)) == "changed"
    assert part_of(nn.ReLU()) is None
    quantized = nn.Linear(2, 2)
    quantized.weight = type("Quantized", (nn.Parameter,), {})(torch.eye(2))
    assert part_of(quantized) == "changed"
    # whatever makes it, a layer that torch has quantized
    packed = nn.Module()
    packed._packed_params = nn.Module()
    assert part_of(packed) == "changed"
