"""Who pays for a variant in int8 is asked of the same kind of engine as is timed."""

from __future__ import annotations

import pytest

from undertow.lab.interventions.runtime import OnnxStaticInt8, OpenVINOStaticInt8, TorchaoLinearInt8
from undertow.study.lottery.engines import BY_ENGINE, in_int8

KINDS = {
    "torchao-int8-weights": (TorchaoLinearInt8, False),
    "torchao-int8-weights-compile": (TorchaoLinearInt8, False),
    "torchao-int8-dynamic": (TorchaoLinearInt8, True),
    "torchao-int8-dynamic-compile": (TorchaoLinearInt8, True),
    "onnxruntime-int8-static": (OnnxStaticInt8, None),
    "openvino-int8": (OpenVINOStaticInt8, None),
}
"""Of each variant the engine, and whether activations are rounded too, where that is asked."""
CALLED = {
    "torchao-int8-weights": ("int8 weights alone", "torch eager"),
    "torchao-int8-weights-compile": ("int8 weights alone", "torch compiled"),
    "torchao-int8-dynamic": ("int8", "torch eager"),
    "torchao-int8-dynamic-compile": ("int8", "torch compiled"),
    "onnxruntime-int8-static": ("int8", "ONNX Runtime"),
    "openvino-int8": ("int8", "OpenVINO"),
}


def test_each_variant_is_asked_once() -> None:
    assert sorted(choice.cell.engine for choice in in_int8("dense")) == sorted(KINDS)


@pytest.mark.parametrize("variant", KINDS)
def test_the_population_of_a_variant_has_its_arithmetic(variant: str) -> None:
    (choice,) = (c for c in in_int8("dense") if c.cell.engine == variant)
    engine = BY_ENGINE[choice.population]
    assert (type(engine), getattr(engine, "activations", None)) == KINDS[variant]
    assert (choice.name, choice.engine) == CALLED[variant]
    assert choice.cell.network == "dense"
