import warnings

import pytest
import torch
from torch import nn

from undertow.errors import NoEffectError, UserError
from undertow.lab.interventions.runtime import TorchDynamicInt8

NO_IMAGES = torch.empty(0, 1, 8, 8)
AS_THEY_COME = TorchDynamicInt8(alone=False)
KERNELS = torch.backends.quantized.engine not in ("", "none")
needs_kernels = pytest.mark.skipif(not KERNELS, reason="this torch has no int8 kernels of its own")


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 5)).eval()


@needs_kernels
def test_weights_are_rounded_by_layer_and_inputs_to_7_bits_by_the_batch():
    model, x = linear(), torch.randn(6, 1, 4, 4)
    weight, flat = model[1].weight.detach(), x.flatten(1)
    scale = weight.abs().max() / 127.5
    rounded = torch.round(weight / scale).clamp(-128, 127) * scale
    step = (flat.max() - flat.min()) / 127
    zero = torch.round(-flat.min() / step)
    seen = ((torch.round(flat / step) + zero).clamp(0, 127) - zero) * step
    found = AS_THEY_COME.compile(model, NO_IMAGES).logits(x)
    assert torch.allclose(found, seen @ rounded.T + model[1].bias, atol=1e-5)
    assert (found - model(x)).abs().max() > 1e-4


@needs_kernels
def test_answers_are_those_of_torchs_own_call_and_the_model_stays_as_it_was():
    model = nn.Sequential(*linear(), nn.ReLU(), nn.Linear(5, 3, bias=False))
    x = torch.randn(7, 1, 4, 4)
    with warnings.catch_warnings():  # that it will be removed
        warnings.simplefilter("ignore")
        its = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    compiled = AS_THEY_COME.compile(model, NO_IMAGES)
    assert torch.equal(compiled.logits(x), its(x))
    one_by_one = torch.cat([its(each) for each in x.split(1)])
    assert torch.equal(TorchDynamicInt8().compile(model, NO_IMAGES).logits(x), one_by_one)
    assert not torch.equal(one_by_one, its(x))
    assert type(model[1]) is nn.Linear
    assert compiled.effect.changed == 16 * 5 + 5 * 3
    assert compiled.effect.facts == {
        "int8.conv2d": 0, "float.conv2d": 0, "int8.linear": 2, "float.linear": 0, "bits": 8,
    }  # fmt: skip


@needs_kernels
def test_a_neighbour_counts_only_where_images_run_as_they_come():
    small, large = torch.randn(1, 1, 4, 4), 1000 * torch.randn(1, 1, 4, 4)
    beside = torch.cat([small, large])
    alone, together = (i.compile(linear(), NO_IMAGES).logits for i in (
        TorchDynamicInt8(), AS_THEY_COME,
    ))  # fmt: skip
    assert torch.equal(alone(beside)[:1], alone(small))
    assert (together(beside)[:1] - together(small)).abs().max() > 0.1


@needs_kernels
def test_layers_that_torch_leaves_are_counted_as_float32():
    class OfTheirs(nn.Linear):
        pass

    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), OfTheirs(8, 4), nn.Linear(4, 2)).eval()
    effect = TorchDynamicInt8().compile(model, NO_IMAGES).effect
    assert effect.changed == 8
    assert [effect.facts[f"{held}.{kind}"] for held in ("int8", "float")
            for kind in ("conv2d", "linear")] == [0, 1, 1, 1]  # fmt: skip


@needs_kernels
def test_convolutions_alone_are_no_effect():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    with pytest.raises(NoEffectError) as caught:
        TorchDynamicInt8().compile(model, NO_IMAGES)
    assert str(caught.value) == (
        "TorchDynamicInt8(alone=True) made no operator an integer one; the model has 1 float.conv2d"
    )


def test_a_torch_that_has_dropped_it_says_so(monkeypatch):
    monkeypatch.delattr(torch.ao.quantization, "quantize_dynamic")
    monkeypatch.setattr(torch, "__version__", "3.0")
    with pytest.raises(UserError) as caught:
        TorchDynamicInt8().compile(linear(), NO_IMAGES)
    assert str(caught.value) == (
        "TorchDynamicInt8(alone=True) needs torch.ao.quantization.quantize_dynamic, which torch "
        "3.0 does not have; take TorchaoLinearInt8()"
    )
    monkeypatch.delattr(torch.ao, "quantization")
    with pytest.raises(UserError, match=r"which torch 3\.0 does not have"):
        TorchDynamicInt8().compile(linear(), NO_IMAGES)


@pytest.mark.parametrize("engine", ["", "none"])
def test_a_torch_without_kernels_says_so(monkeypatch, engine):
    monkeypatch.setattr(type(torch.backends.quantized), "engine", engine)
    monkeypatch.setattr(torch, "__version__", "3.0")
    with pytest.raises(UserError) as caught:
        TorchDynamicInt8().compile(linear(), NO_IMAGES)
    assert str(caught.value) == (
        "TorchDynamicInt8(alone=True) needs torch's own int8 kernels, of which torch 3.0 has none "
        f"here (torch.backends.quantized.engine is {engine!r}); take TorchaoLinearInt8()"
    )


@needs_kernels
def test_a_model_elsewhere_is_refused():
    with pytest.raises(UserError) as caught:
        TorchDynamicInt8().compile(linear().to("meta"), NO_IMAGES)
    assert str(caught.value) == (
        "TorchDynamicInt8(alone=True) runs on the CPU, and the model has weights on meta; load it "
        "there: model.to('cpu')"
    )
