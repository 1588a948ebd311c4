import pytest
import torch
from torch import nn

from undertow.lab.interventions.runtime import OpenVINOStaticInt8

pytestmark = pytest.mark.heavy


def test_exact_sums_take_one_bit_of_every_weight():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)).eval()
    x_NCHW = torch.randn(32, 1, 8, 8)
    exact = OpenVINOStaticInt8().compile(model, x_NCHW)
    default = OpenVINOStaticInt8(exact_sums=False).compile(model, x_NCHW)
    assert (exact.effect.facts["bits"], default.effect.facts["bits"]) == (7, 8)
    assert exact.effect.changed == default.effect.changed == 36 + 720


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
