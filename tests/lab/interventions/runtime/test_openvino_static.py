from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from undertow.lab.interventions.runtime import OpenVINOStaticInt8
from undertow.lab.interventions.runtime._engine import quiet
from undertow.lab.interventions.runtime.openvino_static import _recurrent, unreported

pytestmark = pytest.mark.heavy


def test_exact_sums_take_one_bit_of_every_weight():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)).eval()
    x_NCHW = torch.randn(32, 1, 8, 8)
    exact = OpenVINOStaticInt8().compile(model, x_NCHW)
    default = OpenVINOStaticInt8(exact_sums=False).compile(model, x_NCHW)
    assert (exact.effect.facts["bits"], default.effect.facts["bits"]) == (7, 8)
    assert exact.effect.changed == default.effect.changed == 36 + 720


def test_ranges_are_those_of_images_also_where_they_come_in_batches():
    """One of eight images is a hundred times as large as the others: the mean of the ranges of
    images is an eighth of its own, and the range of a batch is all of it."""
    with unreported():
        import openvino

    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 5)).eval()
    x_NCHW = (
        torch.rand(64, 1, 4, 4)
        * torch.where(torch.arange(64) % 8 == 0, 100, 1)[:, None, None, None]
    )
    engine = OpenVINOStaticInt8(bias_correction=False)
    asked = x_NCHW[1:2]

    def answer(batch: int) -> torch.Tensor:
        with quiet():
            plain = openvino.convert_model(model, example_input=x_NCHW[:2], input=[-1, 1, 4, 4])
        return engine.of_model(plain, list(x_NCHW.split(batch))).logits(asked)

    assert torch.equal(answer(1), answer(8))


def test_biases_are_corrected_where_asked():
    torch.manual_seed(0)
    x_NCHW = torch.randn(64, 1, 8, 8).exp()
    layers = (
        nn.Conv2d(1, 4, 3),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64, 5),
    )
    model = nn.Sequential(*layers).eval()
    plain = OpenVINOStaticInt8(bias_correction=False).compile(model, x_NCHW)
    corrected = OpenVINOStaticInt8().compile(model, x_NCHW)
    assert not torch.equal(plain.logits(x_NCHW), corrected.logits(x_NCHW))
    assert plain.effect == corrected.effect


class Node:
    """As much of one of OpenVINO's as is read: what it is, what it reads, what it runs in."""

    def __init__(self, kind: str, *read: Any, data: Any = None, runs_in: str = "") -> None:
        self.kind, self.read, self.data = kind, read, data
        self.facts = {"layerType": kind, "runtimePrecision": runs_in}

    def get_type_name(self) -> str:
        return self.kind

    def get_friendly_name(self) -> str:
        return f"the {self.kind}"

    def get_input_size(self) -> int:
        return len(self.read)

    def input_value(self, place: int) -> Any:
        return SimpleNamespace(get_node=lambda: self.read[place])

    def get_rt_info(self) -> dict[str, Any]:
        return {k: SimpleNamespace(astype=lambda _, v=v: v) for k, v in self.facts.items()}


@pytest.mark.parametrize(("runs_in", "held"), [(("u8", "u8"), 2 * 24 * 9), (("u8", "f32"), None)])
def test_a_recurrent_layer_is_one_of_integers_where_all_its_parts_run_so(
    runs_in: tuple[str, str], held: int | None
):
    x, bias = Node("Parameter"), Node("Constant", data=np.zeros((2, 24), np.float32))
    of_inputs, of_states = (
        Node("Multiply", Node("Convert", Node("Constant", data=np.ones((2, 24, n), np.int8))))
        for n in (3, 6)
    )
    layer = Node("LSTMSequence", x, of_inputs, of_states, bias)
    run = [Node("RNNSeq", runs_in=each) for each in runs_in]
    (found,) = _recurrent(
        SimpleNamespace(get_ops=lambda: [x, layer]), SimpleNamespace(get_ordered_ops=lambda: run)
    )
    assert (found.kind, found.weight) == ("recurrent", "the LSTMSequence")
    assert (None if found.codes is None else found.codes.size) == held
