"""What is promised of operators, in numbers worked by hand."""

from __future__ import annotations

import pytest

from undertow.lab.lottery.ideal import LINEAR, Ideal, promised
from undertow.lab.measurements.operator_costs import Cost
from undertow.lab.measurements.roofline import Bandwidth, Device, Rate, Work, predicted

LINEAR_COST = Cost("aten.addmm", "linear", "fc", 800.0, 40, 100, "float32", None)
CONVOLUTION = Cost("aten.convolution", "convolution", "conv", 600.0, 20, 80, "float32", None)
RELU = Cost("aten.relu", "pointwise", "relu", 0.0, 0, 50, "float32", None)
DEVICE = Device({"float32": Rate(1e9, (0, 0, 0))}, Bandwidth((1.0, 1e9), (1e9, 1e9)), 0.0)


def test_a_dense_layer_with_zeros_promises_fewer_operations_and_the_same_bytes():
    before = predicted(promised([LINEAR_COST, CONVOLUTION], Ideal()), DEVICE)
    after = predicted(promised([LINEAR_COST, CONVOLUTION], Ideal(density=0.1)), DEVICE)
    assert before.flops / after.flops == pytest.approx(10)
    assert before.bytes / after.bytes == 1


def test_what_is_stored_smaller_and_what_is_left_alone():
    linear, convolution = promised(
        [LINEAR_COST, CONVOLUTION], Ideal(LINEAR, stored=0.25, dtype="int8")
    )
    assert linear == Work(800.0, 60 + 10, "int8")
    assert convolution == Work(600.0, 80, "float32")


def test_activations_are_all_that_is_no_weight():
    assert promised([CONVOLUTION], Ideal(activations=0.5, stored=0.5)) == [Work(600.0, 40)]


def test_what_is_fused_costs_nothing_of_its_own():
    assert promised([RELU], Ideal(fused=True)) == [Work(0.0, 0, launches=0)]
    assert promised([RELU], Ideal()) == [Work(0.0, 50)]
