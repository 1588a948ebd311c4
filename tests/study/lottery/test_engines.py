"""Who pays for a variant in int8 is asked of the same kind of engine as is timed."""

from __future__ import annotations

import pytest

from planted_engines import Planted
from undertow.lab.interventions.runtime import (
    OnnxStaticInt8,
    OpenVINOStaticInt8,
    TorchaoLinearInt8,
    TorchDynamicInt8,
)
from undertow.lab.lottery.cells import Cell
from undertow.study.lottery.choices import Choice, Choices
from undertow.study.lottery.engines import BY_ENGINE, FLOAT32, in_int8, int8_beside

KINDS = {
    "torchao-int8-weights": (TorchaoLinearInt8, False),
    "torchao-int8-weights-compile": (TorchaoLinearInt8, False),
    "torchao-int8-dynamic": (TorchaoLinearInt8, True),
    "torchao-int8-dynamic-compile": (TorchaoLinearInt8, True),
    "torch-int8-dynamic": (TorchDynamicInt8, None),
    "torch-int8-dynamic-compile": (TorchDynamicInt8, None),
    "onnxruntime-int8-static": (OnnxStaticInt8, None),
    "openvino-int8": (OpenVINOStaticInt8, None),
}
"""Of each variant the engine, and whether activations are rounded too, where that is asked."""
NAMED = {
    "torchao-int8-weights": ("int8 weights, torchao", "torch eager"),
    "torchao-int8-weights-compile": ("int8 weights, torchao", "torch compiled"),
    "torchao-int8-dynamic": ("int8, torchao", "torch eager"),
    "torchao-int8-dynamic-compile": ("int8, torchao", "torch compiled"),
    "torch-int8-dynamic": ("int8, torch", "torch eager"),
    "torch-int8-dynamic-compile": ("int8, torch", "torch compiled"),
    "onnxruntime-int8-static": ("int8, ONNX Runtime", "ONNX Runtime"),
    "openvino-int8": ("int8, OpenVINO", "OpenVINO"),
}


def test_each_variant_is_asked_once() -> None:
    assert sorted(choice.cell.engine for choice in in_int8("dense")) == sorted(KINDS)


@pytest.mark.parametrize("variant", KINDS)
def test_the_population_of_a_variant_has_its_arithmetic(variant: str) -> None:
    (choice,) = (c for c in in_int8("dense") if c.cell.engine == variant)
    engine = BY_ENGINE[choice.population]
    assert (type(engine), getattr(engine, "activations", None)) == KINDS[variant]
    assert (choice.name, choice.engine) == NAMED[variant]
    assert choice.cell.network == "dense"


def test_int8_is_set_beside_a_network_in_its_own_engine() -> None:
    """Each kernel takes as many seconds as it has a number, the network a thousand of its
    engine's."""
    seconds = {("dense", variant): [1.0 + n] * 2 for n, variant in enumerate(KINDS)}
    own = {called: 1000.0 + n for n, called in enumerate(FLOAT32)}
    seconds |= {("half", engine): [own[called]] * 2 for called, engine in FLOAT32.items()}
    half = [
        Choice("half", "narrow", called, Cell("half", e), "half") for called, e in FLOAT32.items()
    ]
    found = int8_beside(Choices(Planted(seconds), [*half, *in_int8("dense")], "dense"), "half")  # type: ignore[arg-type]
    assert {name: ratio.ratio for name, ratio in found.items()} == pytest.approx({
        "int8, torchao, in torch eager": 1000 / 3,
        "int8, torchao, in torch compiled": 1001 / 4,
        "int8, torch, in torch eager": 1000 / 5,
        "int8, torch, in torch compiled": 1001 / 6,
        "int8, ONNX Runtime, in ONNX Runtime": 1002 / 7,
        "int8, OpenVINO, in OpenVINO": 1003 / 8,
    })  # fmt: skip
