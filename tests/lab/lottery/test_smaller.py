"""Networks that hold less: sparse, packed, with fewer channels."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from undertow.lab.lottery.built import CannotRun, bytes_held
from undertow.lab.lottery.channels import with_fewer_channels
from undertow.lab.lottery.int4 import Int4Linear, in_int4, quantized
from undertow.lab.lottery.sparse import SparseLinear, in_bsr, in_csr, kernel_speedup
from undertow.lab.lottery.variants import _masked
from undertow.lab.models import MLP, SmallCNN

X = torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def mlp() -> nn.Module:
    torch.manual_seed(0)
    return MLP((64, 32)).build((3, 8, 8), 16).eval()


@pytest.fixture
def cnn() -> nn.Module:
    torch.manual_seed(0)
    network = SmallCNN(8).build((3, 8, 8), 4)
    network(torch.randn(16, 3, 8, 8))  # Norms that are not all alike.
    return network.eval()


@pytest.mark.parametrize("as_linear", [False, True])
def test_csr_answers_as_the_masked_network_does(mlp: nn.Module, as_linear: bool):
    sparse = in_csr(mlp, 0.9, as_linear)
    torch.testing.assert_close(sparse.logits(X), _masked(mlp, 0.9).logits(X))
    assert (sparse.status, sparse.operators) == ("native", {"sparse": 3, "dense": 0})
    stored = sum(
        m.weight.values().numel() for m in sparse.network.modules() if isinstance(m, SparseLinear)
    )
    assert stored == sum(round(0.1 * m.weight.numel()) for m in mlp if isinstance(m, nn.Linear))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("as_linear", [False, True])
def test_a_sparse_layer_takes_batches_of_any_shape_with_and_without_bias(
    bias: bool, as_linear: bool
):
    dense = nn.Linear(6, 4, bias=bias)
    x = torch.randn(2, 3, 6)
    sparse = SparseLinear(dense.weight.detach().to_sparse_csr(), dense.bias, as_linear)
    torch.testing.assert_close(sparse(x), dense(x))


def test_bsr_answers_as_its_blocks_in_a_dense_layer(mlp: nn.Module):
    sparse = in_bsr(mlp, 0.5)
    for dense, made in zip(mlp, sparse.network, strict=True):
        if isinstance(made, SparseLinear):
            dense.weight.data = made.weight.to_dense()
    torch.testing.assert_close(sparse.logits(X), mlp(X))
    assert sparse.operators == {"sparse": 3, "dense": 0}


def test_a_layer_that_has_no_blocks_stays_dense_and_is_counted():
    network = nn.Sequential(nn.Linear(32, 16), nn.Linear(16, 10)).eval()
    made = in_bsr(network, 0.5)
    assert made.status == "partly native"
    assert made.note == "1 of 2 operators stay dense"


def test_a_network_without_linear_layers_has_nothing_sparse():
    with pytest.raises(CannotRun) as error:
        in_csr(nn.Sequential(nn.Conv2d(3, 4, 3)), 0.5)
    assert str(error.value) == (
        "no linear layer can be stored so; torch has no sparse convolution here"
    )


def test_sparse_layers_are_timed_alone(mlp: nn.Module):
    assert kernel_speedup(mlp, in_csr(mlp, 0.9).network, X, repeats=1) > 0


def test_int4_codes_are_within_half_a_step():
    weight = torch.randn(16, 64, generator=torch.Generator().manual_seed(2))
    code, pairs = quantized(weight)
    scale, middle = (part.t()[..., None] for part in pairs.unbind(-1))
    back = (code.reshape(16, 2, 32) - 8) * scale + middle
    assert ((back - weight.reshape(16, 2, 32)).abs() <= scale / 2 + 1e-6).all()


def test_int4_kernel_multiplies_by_what_the_codes_mean():
    torch.manual_seed(0)
    layer, x = nn.Linear(64, 32), torch.randn(3, 64)
    code, pairs = quantized(layer.weight.detach())
    scale, middle = (part.t()[..., None] for part in pairs.unbind(-1))
    meant = ((code.reshape(32, 2, 32) - 8) * scale + middle).reshape(32, 64)
    expected = torch.nn.functional.linear(x, meant, layer.bias)
    torch.testing.assert_close(Int4Linear(layer)(x), expected, atol=1e-4, rtol=1e-4)


def test_int4_leaves_what_the_kernel_does_not_take():
    made = in_int4(nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).eval())
    assert (made.status, made.operators) == ("partly native", {"int4": 1, "float32": 1})
    assert made.note == "1 of 2 operators stay float32"
    with pytest.raises(CannotRun):
        in_int4(nn.Linear(30, 16))


@pytest.mark.parametrize("which", ["mlp", "cnn"])
def test_fewer_channels_answer_as_the_network_whose_other_channels_are_silent(
    which: str, request: pytest.FixtureRequest
):
    network = request.getfixturevalue(which)
    made = with_fewer_channels(network, 0.5)
    answer = made.logits(X)
    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    every = [layer.weight.detach().flatten(1).norm(dim=1) for layer in layers]
    for norms, following in zip(every, layers[1:], strict=False):
        gone = norms.argsort(descending=True, stable=True)[len(norms) // 2 :]
        each = following.weight.shape[1] // len(norms)
        inputs = (gone[:, None] * each + torch.arange(each)).flatten()
        following.weight.data[:, inputs] = 0
    torch.testing.assert_close(answer, network(X))
    assert made.size < 0.6 * bytes_held(network)


class Skipping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.other(self.one(x) + x)


def test_channels_that_are_added_to_others_are_not_cut():
    with pytest.raises(CannotRun) as error:
        with_fewer_channels(Skipping(), 0.5)
    assert str(error.value) == (
        "it is no chain of layers (see x): channels that are added to others must go together "
        "with them"
    )


def test_bytes_of_a_module_are_those_of_its_tensors():
    assert bytes_held(nn.Linear(3, 5)) == 4 * (15 + 5)
