import pytest
import torch
from torch import nn

from undertow.errors import NoEffectError
from undertow.lab.interventions.runtime import TorchaoLinearInt8

pytestmark = pytest.mark.heavy

NO_IMAGES = torch.empty(0, 1, 8, 8)


def test_weights_are_rounded_by_row_and_inputs_are_not():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 5))
    x = torch.randn(6, 1, 4, 4)
    weight = model[1].weight.detach()
    # -128 is a code too, so a row spans 255 steps.
    scale = weight.abs().amax(1, keepdim=True) / 127.5
    rounded = torch.round(weight / scale).clamp(-128, 127) * scale
    found = TorchaoLinearInt8(activations=False).compile(model, NO_IMAGES).logits(x)
    assert torch.allclose(found, x.flatten(1) @ rounded.T + model[1].bias, atol=1e-5)
    assert (found - model(x)).abs().max() > 1e-4


def test_inputs_are_rounded_by_example():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 5))
    logits = TorchaoLinearInt8().compile(model, NO_IMAGES).logits
    small, large = torch.randn(1, 1, 4, 4), 1000 * torch.randn(1, 1, 4, 4)
    assert torch.allclose(logits(torch.cat([small, large]))[:1], logits(small), atol=1e-6)
    assert not torch.equal(
        logits(small), TorchaoLinearInt8(activations=False).compile(model, NO_IMAGES).logits(small)
    )


def test_convolutions_alone_are_no_effect():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    with pytest.raises(NoEffectError) as caught:
        TorchaoLinearInt8().compile(model, NO_IMAGES)
    assert str(caught.value) == (
        "TorchaoLinearInt8(activations=True) made no operator an integer one; the model has 1 "
        "float.conv2d"
    )
