import pytest
import torch
from torch import nn

from undertow.errors import UserError
from undertow.lab.interventions.runtime import PT2EStaticInt8, pt2e_static
from undertow.lab.models import MLP, ResNet, WideResNet

pytestmark = pytest.mark.heavy

COMPILED = PT2EStaticInt8(compiled=True, reduce_range=True)


def lively(model):
    """Norms as training leaves them, and not as they are made, when they do nothing."""
    torch.manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                tensor.uniform_(0.5, 2)
            for tensor in (module.bias.data, module.running_mean):
                tensor.normal_(0, 0.5)
    return model.eval()


class Shortcut(nn.Module):
    """A convolution whose output is used with and without a norm."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm, self.head = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 3)

    def forward(self, x):
        stem = self.stem(x)
        return self.head((stem + torch.relu(self.norm(stem))).mean((2, 3)))


def test_a_norm_is_not_folded_where_its_convolution_is_used_elsewhere():
    torch.manual_seed(0)
    model, x = lively(Shortcut()), torch.randn(64, 1, 8, 8)
    compiled = PT2EStaticInt8().compile(model, x)
    with torch.no_grad():
        expected = model(x)
    assert (compiled.logits(x) - expected).abs().max() < 0.03 * expected.abs().max()
    assert compiled.effect.facts["int8.conv2d"] == 1


def test_wide_residual_networks_keep_their_shortcuts():
    torch.manual_seed(0)
    model, x = lively(WideResNet(depth=10, widen=1).build((3, 8, 8), 5)), torch.randn(64, 3, 8, 8)
    compiled = PT2EStaticInt8().compile(model, x)
    with torch.no_grad():
        expected = model(x)
    assert (compiled.logits(x) - expected).abs().mean() < 0.1 * expected.std()
    assert (compiled.effect.facts["int8.conv2d"], compiled.effect.facts["float.conv2d"]) == (9, 0)


def test_a_missing_compiler_is_named_with_its_cure(monkeypatch):
    # Here, as each process that collects tests would wait two seconds for it.
    from torch._inductor import cpp_builder
    from torch._inductor.exc import InvalidCxxCompiler

    def no_compiler():
        raise InvalidCxxCompiler

    monkeypatch.setattr(cpp_builder, "get_cpp_compiler", no_compiler)
    with pytest.raises(UserError) as caught:
        COMPILED.compile(MLP(hidden=()).build((1, 4, 4), 3), torch.randn(8, 1, 4, 4))
    assert str(caught.value) == (
        "PT2EStaticInt8(compiled=True, reduce_range=True) needs a C++ compiler: install g++ or "
        "name one in the variable CXX, or leave compiled=False"
    )


def test_code_that_contradicts_its_graph_is_refused(monkeypatch):
    torch.manual_seed(0)
    code = "torch.ops.onednn.qlinear_pointwise.tensor(buf0"
    monkeypatch.setattr(
        pt2e_static, "_inductor", lambda i, graph, x_BCHW: (lambda x_BCHW: -graph(x_BCHW), code)
    )
    with pytest.raises(UserError) as caught:
        COMPILED.compile(MLP(hidden=()).build((1, 4, 4), 3), torch.randn(64, 1, 4, 4))
    assert str(caught.value) == (
        "PT2EStaticInt8(compiled=True, reduce_range=True): compiled code contradicts its own graph "
        "on 64 of 64 calibration images, which is a fault of the lowering and no effect of "
        "quantization; leave compiled=False"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", [ResNet(depth=8, width=4), WideResNet(depth=10, widen=1), MLP()], ids=repr
)
@pytest.mark.parametrize("channels", [1, 3])
def test_compiled_kernels_answer_as_the_reference_graph_does(model, channels):
    torch.manual_seed(0)
    network, x = lively(model.build((channels, 8, 8), 5)), torch.randn(128, channels, 8, 8)
    reference = PT2EStaticInt8(reduce_range=True).compile(network, x)
    compiled = COMPILED.compile(network, x)
    expected, found = reference.logits(x), compiled.logits(x)
    assert (expected - found).abs().mean() < 0.02 * expected.std()
    assert compiled.effect.changed == reference.effect.changed
