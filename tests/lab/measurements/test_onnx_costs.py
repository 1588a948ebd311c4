"""Operations and bytes of an ONNX graph, against numbers known by hand and torch's own count."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from onnx_graphs import FREE, linear, model, node, value, weights
from undertow.lab.interventions.runtime._engine import quiet
from undertow.lab.measurements.onnx_costs import onnx_costs
from undertow.lab.measurements.operator_costs import operator_costs
from undertow.lab.measurements.roofline import Shape


def test_products_and_bytes_are_those_of_the_shapes():
    counted = onnx_costs(linear(), "x", (8, 32))
    gemm, relu, matmul = counted.costs
    assert (gemm.operator, gemm.kind, gemm.flops) == ("onnx.Gemm", "linear", 2 * 8 * 32 * 64)
    assert gemm.shape == Shape(8, 32, 64)
    assert gemm.weights == 4 * (32 * 64 + 64)
    assert gemm.touched == gemm.weights + 4 * (8 * 32 + 8 * 64)
    assert (relu.kind, relu.flops, relu.weights, relu.touched) == (
        "pointwise", 0, 0, 4 * 2 * 8 * 64,
    )  # fmt: skip
    assert (matmul.kind, matmul.flops, matmul.shape) == (
        "linear", 2 * 8 * 64 * 4, Shape(8, 64, 4),
    )  # fmt: skip
    assert counted.said == ""


def test_a_turned_gemm_has_the_shape_of_its_product():
    graph = model(
        [node("Gemm", "x a", "y", transA=1, transB=1)],
        [value("x", 32, FREE)], [value("y", FREE, 64)], [weights("a", 64, 32)],
    )  # fmt: skip
    (gemm,) = onnx_costs(graph, "x", (32, 8)).costs
    assert gemm.shape == Shape(8, 32, 64)


def test_convolutions_are_counted_as_torch_counts_them():
    graph = model(
        [node("Conv", "x w", "h", group=2, pads=[1, 1, 1, 1], strides=[2, 2]),
         node("ConvTranspose", "h v", "y")],
        [value("x", FREE, 4, 10, 10)], [value("y", FREE, 3, 6, 6)],
        [weights("w", 6, 2, 3, 3), weights("v", 6, 3, 2, 2)],
    )  # fmt: skip
    found = onnx_costs(graph, "x", (5, 4, 10, 10)).costs
    own = torch.nn.Sequential(
        torch.nn.Conv2d(4, 6, 3, 2, 1, groups=2, bias=False),
        torch.nn.ConvTranspose2d(6, 3, 2, bias=False),
    )
    x = torch.zeros(5, 4, 10, 10)
    theirs = operator_costs(own, lambda: own(x))
    assert [cost.flops for cost in found] == [cost.flops for cost in theirs]
    assert [cost.touched for cost in found] == [cost.touched for cost in theirs]
    assert found[0].shape == theirs[0].shape


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
@pytest.mark.parametrize(("direction", "ways"), [("forward", 1), ("bidirectional", 2)])
@pytest.mark.parametrize("layout", [0, 1])
def test_recurrent_layers_multiply_in_each_step_and_direction(
    kind: str, gates: int, direction: str, ways: int, layout: int
):
    batch, time, inputs, hidden = 8, 5, 3, 6
    rows = gates * hidden
    held = [weights("w", ways, rows, inputs), weights("r", ways, rows, hidden),
            weights("b", ways, 2 * rows)]  # fmt: skip
    given = (batch, time, inputs) if layout else (time, batch, inputs)
    graph = model(
        [node(kind, "x w r b", "y", hidden_size=hidden, direction=direction, layout=layout)],
        [value("x", *given)], [value("y")], held,
    )  # fmt: skip
    counted = onnx_costs(graph, "x", given)
    (cost,) = counted.costs
    each_step = batch * rows * inputs + batch * rows * hidden
    assert cost.flops == 2 * ways * time * each_step
    assert cost.weights == 4 * ways * (rows * inputs + rows * hidden + 2 * rows)
    left = time * ways * batch * hidden
    assert cost.touched == cost.weights + 4 * (batch * time * inputs + left)
    assert (cost.kind, cost.shape) == ("linear", Shape(batch, inputs + hidden, rows))
    assert counted.said == ""


def test_shapes_that_a_graph_computes_are_followed():
    """As torch's exporter writes them around an LSTM: the last axis is a product of two others."""
    places = {"second": [1], "third": [2], "fourth": [3], "end": [4], "rest": [40], "all": [-1]}
    held = [weights("w", 1, 24, 3), weights("r", 1, 24, 6), weights("v", 6, 4),
            *(numpy_helper.from_array(np.array(at), name) for name, at in places.items())]  # fmt: skip

    def named(kind: str, read: str, left: str, **more: Any) -> Any:
        return helper.make_node(kind, read.split(), [left], name=f"{kind} {left}", **more)

    nodes = [
        named("LSTM", "x w r", "h", hidden_size=6), named("Shape", "h", "s"),
        named("Slice", "s second third", "ways"), named("Slice", "s fourth end", "states"),
        named("Mul", "ways states", "width"), named("Reshape", "width all", "last"),
        named("Concat", "rest last", "sides", axis=0),
        named("Reshape", "h sides", "f"), named("MatMul", "f v", "y"),
    ]  # fmt: skip
    graph = model(nodes, [value("x", 5, FREE, 3)], [value("y", 40, 4)], held)
    counted = onnx_costs(graph, "x", (5, 8, 3))
    flops = {cost.operator: cost.flops for cost in counted.costs if cost.flops}
    assert flops == {"onnx.LSTM": 2 * 5 * 8 * 24 * (3 + 6), "onnx.MatMul": 2 * 40 * 6 * 4}


@pytest.mark.heavy
@pytest.mark.parametrize("axes", [None, {"x": {0: "B"}, "y": {0: "B"}}])
def test_shapes_that_torchs_older_exporter_slices_and_joins_are_folded(axes, tmp_path):
    network = torch.nn.Sequential(
        torch.nn.Linear(32, 64), torch.nn.BatchNorm1d(64), torch.nn.Unflatten(1, (4, 4, 4)),
        torch.nn.Conv2d(4, 8, 3), torch.nn.Flatten(), torch.nn.Linear(32, 4),
    ).eval()  # fmt: skip
    x = torch.zeros(8, 32)
    with quiet():
        torch.onnx.export(
            network, (x,), str(tmp_path / "m.onnx"), input_names=["x"], output_names=["y"],
            dynamic_axes=axes, dynamo=False,
        )  # fmt: skip
    counted = onnx_costs(onnx.load(tmp_path / "m.onnx"), "x", (8, 32))
    assert counted.said == ""
    theirs = operator_costs(network, lambda: network(x))
    assert [cost.flops for cost in counted.costs if cost.flops] == [
        cost.flops for cost in theirs if cost.flops
    ]


def test_a_product_of_two_activations_has_no_weights_and_no_shape():
    graph = model([node("MatMul", "x x", "y")], [value("x", FREE, 3, 3)], [value("y", FREE, 3, 3)])
    (cost,) = onnx_costs(graph, "x", (4, 3, 3)).costs
    assert (cost.flops, cost.weights, cost.shape) == (2 * 4 * 3 * 3 * 3, 0, None)


def test_views_cost_nothing_and_what_is_not_counted_is_said():
    graph = model(
        [node("Flatten", "x", "f"), node("Einsum", "f w", "e", equation="bi,ij->bj"),
         node("Einsum", "e v", "y", equation="bi,ij->bj")],
        [value("x", FREE, 2, 2)], [value("y", FREE, 3)], [weights("w", 4, 3), weights("v", 3, 3)],
    )  # fmt: skip
    counted = onnx_costs(graph, "x", (8, 2, 2))
    assert [cost.operator for cost in counted.costs] == ["onnx.Einsum"] * 2
    assert counted.said == "predictions count bytes alone of 2 Einsum"


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        (
            [node("NonZero", "x", "i"), node("Cast", "i", "y", to=TensorProto.FLOAT)],
            "onnx's shape inference cannot tell the shapes of NonZero 'the NonZero'",
        ),
        (
            [node("Foo", "x", "y", domain="com.x")],
            "onnx's shape inference cannot tell the shapes of Foo 'the Foo'",
        ),
    ],
)
def test_shapes_that_cannot_be_told_leave_no_costs_and_no_file_and_are_said(
    nodes: list, why: str, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    counted = onnx_costs(model(nodes, [value("x", FREE, 2)], [value("y", 2, "n")]), "x", (8, 2))
    assert counted.costs == []
    assert counted.said == f"nothing is predicted: {why}"
    assert not any(tmp_path.iterdir())


def test_a_wrong_graph_is_said_and_raises_nothing():
    graph = model(
        [node("Gemm", "x w", "y")], [value("x", FREE, 2, 2)], [value("y", FREE, 2)],
        [weights("w", 2, 2, 2)],
    )  # fmt: skip
    assert onnx_costs(graph, "x", (8, 2, 2)).said.startswith("nothing is predicted: onnx's shape ")


def test_a_product_of_heads_counts_all_of_them_and_a_projection_has_its_shape():
    graph = model(
        [node("MatMul", "x w", "h"), node("MatMul", "h h", "y")],
        [value("x", FREE, 3, 5, 4)], [value("y", FREE, 3, 5, 5)], [weights("w", 4, 5)],
    )  # fmt: skip
    projection, heads = onnx_costs(graph, "x", (2, 3, 5, 4)).costs
    assert (projection.flops, projection.shape) == (2 * 2 * 3 * 5 * 4 * 5, Shape(30, 4, 5))
    assert heads.flops == 2 * 2 * 3 * 5 * 5 * 5


def test_weights_in_nodes_cost_what_initializers_cost():
    held = [weights("bias", 64), weights("b", 64, 4)]
    nodes = [node("Constant", "", "a", value=weights("a", 32, 64)), *linear().graph.node]
    found = [c for c in onnx_costs(linear(nodes=nodes, held=held), "x", (8, 32)).costs if c.flops]
    own = [cost for cost in onnx_costs(linear(), "x", (8, 32)).costs if cost.flops]
    assert [(c.flops, c.weights, c.shape) for c in found] == [
        (c.flops, c.weights, c.shape) for c in own
    ]
