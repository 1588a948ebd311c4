import pytest
import torch
from torch import nn

from undertow.lab.interventions.runtime import OnnxDynamicInt8, OnnxStaticInt8
from undertow.lab.models import ResNet

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 5)
    ).eval()


@pytest.fixture(scope="module")
def x_NCHW():
    """Images of very different contrast, so that the range of one is not that of the next."""
    torch.manual_seed(1)
    return torch.randn(32, 1, 8, 8) * torch.logspace(-1, 1, 32)[:, None, None, None]


def test_a_dynamic_range_is_that_of_the_batch(model, x_NCHW):
    """What ``alone`` protects from: a faint image is rounded by the range of the brightest beside
    it."""
    logits, faint = OnnxDynamicInt8(alone=False).compile(model, x_NCHW).logits, x_NCHW[:8]
    with torch.no_grad():
        expected = model(faint)
    beside = (logits(x_NCHW)[:8] - expected).abs().max()
    apart = (torch.cat([logits(x_1CHW) for x_1CHW in torch.split(faint, 1)]) - expected).abs().max()
    assert beside > 5 * apart


@pytest.mark.slow
def test_a_static_range_is_that_of_the_calibration(model, x_NCHW):
    narrow = OnnxStaticInt8().compile(model, x_NCHW[:8]).logits(x_NCHW)
    wide = OnnxStaticInt8().compile(model, x_NCHW).logits(x_NCHW)
    with torch.no_grad():
        expected = model(x_NCHW)
    bright, faint = slice(24, 32), slice(0, 8)
    # cut off
    assert (narrow - expected)[bright].abs().max() > 5 * (wide - expected)[bright].abs().max()
    # finer steps
    assert (narrow - expected)[faint].abs().max() < (wide - expected)[faint].abs().max()


@pytest.mark.parametrize(
    "intervention", [OnnxStaticInt8(), pytest.param(OnnxDynamicInt8(), marks=pytest.mark.slow)]
)
def test_exact_sums_stay_exact_where_a_pair_of_products_needs_more_than_16_bits(intervention):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 2, bias=False)).eval()
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([[1.0], [-1.0]]).expand(2, 64))
    x_NCHW = torch.ones(16, 1, 8, 8)
    found = intervention.compile(model, x_NCHW).logits(x_NCHW)
    assert torch.allclose(found, torch.tensor([64.0, -64.0]).expand(16, 2), rtol=0.01)


@pytest.mark.slow
def test_residual_networks_run_in_integers_throughout():
    torch.manual_seed(0)
    network = ResNet(depth=8, width=4).build((3, 8, 8), 5).eval()
    facts = OnnxStaticInt8().compile(network, torch.randn(16, 3, 8, 8)).effect.facts
    assert facts == {
        "int8.conv2d": 7.0,
        "float.conv2d": 0.0,
        "int8.linear": 1.0,
        "float.linear": 0.0,
        "bits": 8.0,
    }
