"""torch's own older kernels for dynamic int8."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from undertow.errors import NoEffectError
from undertow.lab.lottery.built import CannotRun
from undertow.lab.lottery.int8 import in_torch_int8

KERNELS = torch.backends.quantized.engine not in ("", "none")
needs_kernels = pytest.mark.skipif(not KERNELS, reason="this torch has no int8 kernels of its own")


def mlp() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10, bias=False)).eval()


@needs_kernels
def test_answers_are_near_float32_and_weights_take_a_byte():
    network, x = mlp(), torch.randn(16, 64)
    made = in_torch_int8(network)
    plain = network(x)
    error = (made.logits(x) - plain).abs().max()
    assert 0 < error < 0.05 * plain.abs().max()
    assert made.size == 64 * 32 + 4 * 32 + 32 * 10
    assert (made.status, made.note, made.operators) == ("native", "", {"int8": 2, "float32": 0})
    assert type(network[0]) is nn.Linear  # the network stays as it was


@needs_kernels
def test_convolutions_stay_float32_and_are_counted():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 36, 4)).eval()
    made = in_torch_int8(network)
    assert made.status == "partly native"
    assert made.note == "1 of 2 operators stay float32"
    assert made.size == 4 * (2 * 9 + 2) + 72 * 4 + 4 * 4


def test_a_network_without_linear_layers_is_not_changed():
    with pytest.raises(NoEffectError) as error:
        in_torch_int8(nn.Sequential(nn.Conv2d(1, 2, 3)))
    assert str(error.value) == "it has no linear layers"


def test_a_torch_without_kernels_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(torch.ao.quantization, "quantize_dynamic")
    with pytest.raises(CannotRun) as error:
        in_torch_int8(mlp())
    assert str(error.value) == "this torch has no kernels of its own for dynamic int8"
