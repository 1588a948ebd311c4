"""Linear layers in int8 by torch, as variants."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from undertow.lab.lottery.built import Built
from undertow.lab.lottery.variants import variants
from undertow.lab.lottery.worker import Ran, built_or_why

KERNELS = torch.backends.quantized.engine not in ("", "none")
needs_kernels = pytest.mark.skipif(not KERNELS, reason="this torch has no int8 kernels of its own")
EAGER, COMPILED = "torch-int8-dynamic", "torch-int8-dynamic-compile"


def mlp() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10, bias=False)).eval()


def built(name: str, network: nn.Module, x: torch.Tensor) -> tuple[Ran, Built | None]:
    (variant,) = (v for v in variants(0.5, 0.5) if v.name == name)
    return built_or_why(variant, network, x, x)


@needs_kernels
def test_answers_are_near_float32_and_weights_take_a_byte():
    network, x = mlp(), torch.randn(16, 64)
    row, made = built(EAGER, network, x)
    assert made
    plain = network(x)
    error = (made.logits(x) - plain).abs().max()
    assert 0 < error < 0.05 * plain.abs().max()
    assert made.size == 64 * 32 + 4 * 32 + 32 * 10
    assert (row.status, row.note, row.operators) == ("native", "", {"int8": 2, "float32": 0})


@needs_kernels
@pytest.mark.heavy
def test_compiled_it_answers_the_same_and_says_that_no_graph_takes_its_layers():
    network, x = mlp(), torch.randn(16, 64)
    (_, eager), (row, made) = built(EAGER, network, x), built(COMPILED, network, x)
    assert eager
    assert made
    assert torch.allclose(made.logits(x), eager.logits(x), atol=1e-5)
    assert (row.status, row.size) == ("partly native", eager.size)
    assert row.note.startswith("the graph breaks, so a part runs eager; torch's words: 'Unsupp")


@needs_kernels
def test_convolutions_stay_float32_and_are_counted():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 36, 4)).eval()
    row, made = built(EAGER, network, torch.randn(3, 1, 8, 8))
    assert made
    assert (row.status, row.note) == ("partly native", "1 of 2 operators stay float32")
    assert made.size == 4 * (2 * 9 + 2) + 72 * 4 + 4 * 4


@pytest.mark.heavy
@needs_kernels
@pytest.mark.parametrize("name", [EAGER, "torchao-int8-dynamic"])
def test_recurrent_layers_and_other_convolutions_stay_float32_and_are_counted(name: str):
    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.before, self.lstm = nn.Conv1d(8, 8, 1), nn.LSTM(8, 6, batch_first=True)
            self.head = nn.Linear(6, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.lstm(self.before(x).transpose(1, 2))[0][:, -1])

    network, x = Network().eval(), torch.randn(3, 8, 5)
    row, made = built(name, network, x)
    assert made
    assert (row.status, row.note) == ("partly native", "2 of 3 operators stay float32")
    assert row.operators == {"int8": 1, "float32": 2}


@needs_kernels
def test_a_network_without_linear_layers_is_not_changed():
    row, made = built(EAGER, nn.Sequential(nn.Conv2d(1, 2, 3)).eval(), torch.randn(1, 1, 8, 8))
    assert made is None
    assert row.status == "no effect"
    assert row.note.endswith("made no operator an integer one; the model has 1 float.conv2d")


def test_a_torch_without_kernels_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(torch.ao.quantization, "quantize_dynamic")
    row, made = built(EAGER, mlp(), torch.randn(16, 64))
    assert made is None
    assert row.status == "not here"
    assert row.note.endswith("does not have; take TorchaoLinearInt8()")
