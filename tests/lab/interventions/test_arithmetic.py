"""What each intervention on arithmetic does inside."""

import re

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blobs import BlobsKept
from contracts.test_trainings import given
from undertow.errors import NoEffectError, UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.arithmetic import (
    ChannelPermutation,
    Deterministic,
    MemoryFormat,
    MicroBatches,
    Threads,
    TorchCompile,
)
from undertow.lab.interventions.arithmetic.channel_permutation import _Permuted
from undertow.lab.models import MLP, SmallCNN
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.trainings.linear_probe import LinearProbe
from undertow.lab.trainings.supervised import Supervised

RECIPE = Recipe(epochs=1, batch=16, lr=0.05)


@pytest.fixture(scope="module")
def data():
    return resident(BlobsKept(train=40).load())


@pytest.fixture
def one(data):
    return given(data, (), model=SmallCNN(4))


def test_threads_are_what_is_asked_and_are_told(one):
    before = torch.get_num_threads()
    with Threads(3).around(one) as facts:
        assert torch.get_num_threads() == 3
    assert facts == {"threads": 3.0}
    assert torch.get_num_threads() == before


def test_threads_that_torch_does_not_take_are_an_error(one, monkeypatch):
    monkeypatch.setattr(torch, "set_num_threads", lambda n: None)
    with pytest.raises(UserError) as caught, Threads(64).around(one):
        pass
    had = torch.get_num_threads()
    assert str(caught.value) == f"Threads(n=64): torch computes with {had} threads here"


@pytest.mark.parametrize("fill", [True, False])
def test_all_switches_are_on_and_told_as_read_back(one, fill):
    from torch._inductor import config

    with Deterministic(fill).around(one) as facts:
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.is_deterministic_algorithms_warn_only_enabled()
        assert torch.backends.cudnn.deterministic
        assert not torch.backends.cudnn.benchmark
        assert config.deterministic
        assert torch.utils.deterministic.fill_uninitialized_memory == fill
    assert facts == {
        "deterministic_algorithms": 1.0,
        "cudnn_deterministic": 1.0,
        "cudnn_benchmark": 0.0,
        "inductor_deterministic": 1.0,
        "fill_uninitialized_memory": float(fill),
    }
    assert not config.deterministic


def test_what_has_no_deterministic_kernel_raises_and_does_not_warn(one):
    x = torch.zeros(4)
    with (
        Deterministic().around(one),
        pytest.raises(RuntimeError, match="does not have a deterministic implementation"),
    ):
        x.put_(torch.tensor([0, 0]), torch.ones(2))


def test_facts_of_arithmetic_are_in_the_members(data):
    (facts,) = drive(Supervised(RECIPE), given(data, (Deterministic(), Threads(1)), model=MLP()))
    assert facts["deterministic_algorithms"] == facts["threads"] == 1.0


def test_every_layer_sees_its_images_contiguous(one):
    (model,) = one.models
    seen = []

    def note(layer, entered, out):
        seen.append((entered[0].is_contiguous(), layer.weight.is_contiguous()))

    model[4].register_forward_hook(note)  # the first one's images have one channel, in any order
    x_BCHW = torch.randn(4, 1, 8, 8).to(memory_format=torch.channels_last)
    for order in ("channels_last", "contiguous"):
        with MemoryFormat(order).around(one):
            model(x_BCHW)
    assert [weight for _, weight in seen] == [False, True]
    assert seen[1][0]


def test_where_nothing_has_an_order_memory_format_says_so(data):
    said = (
        "MemoryFormat(order='contiguous'): no parameter of Sequential has four axes, so there is "
        "no order to change"
    )
    with pytest.raises(NoEffectError, match="^" + re.escape(said) + "$"):
        drive(Supervised(RECIPE), given(data, (MemoryFormat("contiguous"),), model=MLP()))


class Watching(nn.Module):
    """Notes the batches that it sees."""

    def __init__(self):
        super().__init__()
        self.scale, self.sizes = nn.Parameter(torch.ones(())), []

    def forward(self, x):
        self.sizes.append(len(x))
        return x.flatten(1)[:, :3] * self.scale


class Watched:
    def build(self, shape_CHW, classes):
        return Watching()


def test_parts_are_near_equal_and_passes_without_a_gradient_stay_whole(data):
    one = given(data, (), model=Watched())
    (model,) = one.models
    model.train()
    with MicroBatches(3).around(one):
        model(torch.ones(8, 1, 8, 8))
        model(torch.ones(2, 1, 8, 8))
        with torch.no_grad():
            model(torch.ones(8, 1, 8, 8))
        model.eval()(torch.ones(8, 1, 8, 8))
    assert model.sizes == [3, 3, 2, 1, 1, 8, 8]


def test_micro_batches_are_as_gradients_added_by_hand(data):
    """One backward pass per part, each of its share of the mean."""
    one, by_hand = (given(data, (), model=MLP((16,))) for _ in range(2))
    (model,), (other,) = one.models, by_hand.models
    x_BCHW, y_B = torch.randn(12, 1, 8, 8), torch.arange(12) % 3
    with MicroBatches(3).around(one):
        F.cross_entropy(model.train()(x_BCHW), y_B).backward()
    for x, y in zip(x_BCHW.tensor_split(3), y_B.tensor_split(3), strict=True):
        (F.cross_entropy(other(x), y, reduction="sum") / 12).backward()
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-5, atol=1e-7)


def test_ghost_batch_norm_sees_each_part(data):
    one = given(data, (), model=SmallCNN(4))
    (model,) = one.models
    with MicroBatches(2, ghost=True).around(one):
        model.train()(torch.randn(8, 1, 8, 8))
    assert int(model[2].num_batches_tracked) == 2


@pytest.mark.parametrize(
    "intervention",
    [MicroBatches(2), pytest.param(TorchCompile("eager"), marks=pytest.mark.heavy)],
    ids=repr,
)
def test_a_training_on_which_nothing_acts_is_refused(intervention, data):
    """A linear probe's network goes forward without a gradient; what is asked of a panel of
    networks goes past its own forward pass."""
    from undertow.lab.models import Specialists
    from undertow.lab.trainings.class_weighted import ClassWeighted

    model = Specialists(MLP((4,)))
    with pytest.raises(NoEffectError, match=re.escape(repr(intervention))):
        drive(ClassWeighted(RECIPE, 2.0), given(data, (intervention,), model=model))


def test_micro_batches_of_a_linear_probe_are_refused(data):
    said = "MicroBatches(k=2, ghost=False) split no batch; this training has none to split"
    with pytest.raises(NoEffectError, match="^" + re.escape(said) + "$"):
        drive(LinearProbe(RECIPE), given(data, (MicroBatches(2),), model=MLP((8,))))


@pytest.mark.parametrize(
    ("call", "shapes"),
    [
        (F.linear, ((5, 7), (4, 7), (4,))),
        (F.linear, ((2, 5, 7), (4, 7), None)),
        (F.conv1d, ((3, 6, 9), (4, 6, 3), (4,))),
        (F.conv2d, ((3, 6, 9, 9), (4, 6, 3, 3), (4,))),
        (F.conv2d, ((3, 1, 9, 9), (1, 1, 3, 3), None)),
        (F.conv2d, ((3, 6, 9, 9), (4, 6, 3, 3), None)),
        (F.conv3d, ((2, 6, 5, 5, 5), (4, 6, 3, 3, 3), (4,))),
    ],
)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_permuted_layers_are_the_layers(call, shapes, device):
    source = torch.Generator().manual_seed(0)
    x, weight, bias = (
        None
        if shape is None
        else torch.randn(shape, generator=source, dtype=torch.float64).to(device).requires_grad_()
        for shape in shapes
    )
    plain = call(x, weight, bias)
    with _Permuted(3):
        permuted = call(x, weight, bias)
    assert permuted.shape == plain.shape
    assert permuted.device == plain.device
    if device == "meta":
        return
    torch.testing.assert_close(permuted, plain, rtol=1e-12, atol=1e-12)
    leaves = [leaf for leaf in (x, weight, bias) if leaf is not None]
    for a, b in zip(
        *(torch.autograd.grad(out.square().sum(), leaves) for out in (permuted, plain)),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_a_permuted_layer_keeps_its_order_of_memory_and_its_stride():
    x = torch.randn(3, 6, 9, 9).to(memory_format=torch.channels_last)
    weight = torch.randn(4, 6, 3, 3).to(memory_format=torch.channels_last)
    with _Permuted(1):
        out = F.conv2d(x, weight, None, stride=2, padding=1)
    assert out.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(out, F.conv2d(x, weight, None, 2, 1), rtol=1e-4, atol=1e-5)


def test_groups_stay_as_they_are():
    x, weight = torch.randn(3, 6, 9, 9), torch.randn(6, 2, 3, 3)
    with _Permuted(1):
        out = F.conv2d(x, weight, None, groups=3)
    assert torch.equal(out, F.conv2d(x, weight, None, groups=3))


def test_the_order_belongs_to_the_seed_and_the_members_number(data):
    def logits(seed, number):
        from dataclasses import replace

        one = replace(given(data, (), model=MLP((64,))), number=number)
        x_BCHW = torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        with torch.no_grad(), ChannelPermutation(seed).around(one):
            return one.models[0](x_BCHW)

    assert torch.equal(logits(0, 0), logits(0, 0))
    assert not torch.equal(logits(0, 0), logits(0, 1))
    assert not torch.equal(logits(0, 0), logits(1, 0))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Threads(0), "Threads(n=0): at least one thread computes"),
        (
            lambda: MemoryFormat("last"),
            "MemoryFormat(order='last'): there is no such order; choose from contiguous, "
            "channels_last",
        ),
        (lambda: MicroBatches(0), "MicroBatches(k=0, ghost=False): a batch has at least one part"),
        (lambda: ChannelPermutation(-1), "ChannelPermutation(seed=-1): a seed is 0 or more"),
        (
            lambda: TorchCompile("tvm"),
            "TorchCompile(backend='tvm'): backend is one of inductor, aot_eager, eager",
        ),
    ],
)
def test_what_cannot_be_is_refused(made, said):
    with pytest.raises(ValueError, match="^" + re.escape(said) + "$"):
        made()


def test_without_a_compiler_it_says_what_to_install(one, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    said = (
        "TorchCompile(backend='inductor'): no C++ compiler is found; install g++, or name one in "
        "the variable CXX"
    )
    with (
        pytest.raises(UserError, match="^" + re.escape(said) + "$"),
        TorchCompile().around(one),
    ):
        pass
    assert TorchCompile("eager").unable == ""
