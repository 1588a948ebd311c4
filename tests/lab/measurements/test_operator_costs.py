"""Operations and bytes of operators, in numbers worked by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from undertow.lab.measurements.operator_costs import Cost, bytes_of, operator_costs
from undertow.lab.measurements.roofline import Shape


def only(costs: list[Cost], kind: str) -> Cost:
    (found,) = (cost for cost in costs if cost.kind == kind)
    return found


def test_a_linear_layer():
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU())
    x = torch.zeros(2, 3)
    costs = operator_costs(model, lambda: model(x))
    linear, relu = only(costs, "linear"), only(costs, "pointwise")
    assert linear.flops == 2 * 2 * 3 * 5
    assert linear.weights == 4 * (3 * 5 + 5)
    assert linear.touched == 4 * (2 * 3 + 3 * 5 + 5 + 2 * 5)
    assert (linear.shape, linear.dtype) == (Shape(2, 3, 5), "float32")
    assert linear.module == "Sequential.0"
    assert (relu.flops, relu.weights, relu.touched) == (0, 0, 4 * (10 + 10))


def test_a_convolution_is_a_product_over_patches():
    model = nn.Conv2d(3, 8, 5, bias=False)
    x = torch.zeros(2, 3, 12, 12)
    cost = only(operator_costs(model, lambda: model(x)), "convolution")
    assert cost.flops == 2 * (2 * 8 * 8) * (3 * 5 * 5) * 8
    assert cost.shape == Shape(2 * 8 * 8, 75, 8)
    assert cost.weights == 4 * 8 * 75
    assert cost.touched == 4 * (2 * 3 * 144 + 8 * 75 + 2 * 8 * 64)


@pytest.mark.parametrize(
    ("kind", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)], ids=["LSTM", "GRU", "RNN"]
)
@pytest.mark.parametrize("ways", [1, 2])
def test_recurrent_layers_multiply_in_each_step_and_direction(kind: type, gates: int, ways: int):
    model = kind(3, 6, num_layers=2, bidirectional=ways == 2, batch_first=True).eval()
    x = torch.zeros(8, 5, 3)
    costs = operator_costs(model, lambda: model(x))
    first, second = (gates * 6 * (inputs + 6) for inputs in (3, ways * 6))
    assert sum(cost.flops for cost in costs) == 2 * 8 * 5 * ways * (first + second)
    assert {cost.kind for cost in costs if cost.flops} == {"linear"}
    if kind is nn.LSTM:
        assert costs[0].shape in (None, Shape(8, 3 + 6, 24), Shape(40, 3, 24))


def test_views_cost_nothing_and_an_expanded_tensor_what_it_repeats():
    model = nn.Flatten()
    x = torch.zeros(2, 3, 4)
    assert operator_costs(model, lambda: model(x)) == []
    assert bytes_of(torch.zeros(1).expand(100)) == 4


@pytest.mark.filterwarnings("ignore:Sparse CSR")
def test_a_sparse_matrix_is_its_values_and_indices():
    x = torch.eye(4).to_sparse_csr()
    assert bytes_of(x) == 4 * 4 + 8 * (5 + 4)
    assert bytes_of(x.t()) == bytes_of(x)  # As a linear layer reads it, by columns.


def test_a_batch_norm_that_is_asked_is_pointwise():
    model = nn.BatchNorm1d(3).eval()
    x = torch.zeros(2, 3)
    (cost,) = [c for c in operator_costs(model, lambda: model(x)) if "norm" in c.operator]
    assert (cost.kind, cost.flops) == ("pointwise", 0)


def test_an_operator_in_place_and_a_copy_write_into_memory_that_is_there():
    a, b = torch.ones(4), torch.zeros(4)
    costs = operator_costs(nn.Identity(), lambda: (a + b, a.relu_(), b.copy_(a), a.clone()))
    assert [(cost.operator, cost.into) for cost in costs] == [
        ("aten.add", False), ("aten.relu_", True), ("aten.copy_", True), ("aten.clone", False),
    ]  # fmt: skip
    norm = nn.BatchNorm1d(4).train()
    (cost,) = [
        c for c in operator_costs(norm, lambda: norm(torch.rand(2, 4))) if "norm" in c.operator
    ]
    assert not cost.into
