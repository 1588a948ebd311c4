"""Engines as people call them, and the reference in int8 by the kernels of each."""

from __future__ import annotations

from collections.abc import Iterator

from undertow.lab.interventions.runtime import (
    OnnxStaticInt8,
    OpenVINOStaticInt8,
    TorchaoLinearInt8,
    TorchDynamicInt8,
)
from undertow.lab.lottery.cells import Cell
from undertow.lab.measurements.speedups import SpeedUp
from undertow.study.lottery.choices import Choice, Choices

EAGER, COMPILED, ONNX, OPENVINO = "torch eager", "torch compiled", "ONNX Runtime", "OpenVINO"
FLOAT32 = {EAGER: "eager", COMPILED: "compile", ONNX: "onnxruntime", OPENVINO: "openvino"}
"""Variants that run a network as it is, by what the engine is called."""
INT8 = "int8"
"""The kind of all of them."""
STORED, TORCHAO, TORCH, BY_ONNX, BY_OPENVINO = (
    "int8 weights, torchao", "int8, torchao", "int8, torch", "int8, ONNX Runtime",
    "int8, OpenVINO",
)  # fmt: skip
BY_ENGINE = {
    STORED: TorchaoLinearInt8(activations=False),
    TORCHAO: TorchaoLinearInt8(),
    TORCH: TorchDynamicInt8(alone=False),
    BY_ONNX: OnnxStaticInt8(exact_sums=False),
    BY_OPENVINO: OpenVINOStaticInt8(exact_sums=False),
}
"""What derives from the reference, by the name of its population: sums and batches as engines do
them by default, since those are timed."""
VARIANTS = (
    (STORED, EAGER, "torchao-int8-weights"),
    (STORED, COMPILED, "torchao-int8-weights-compile"),
    (TORCHAO, EAGER, "torchao-int8-dynamic"),
    (TORCHAO, COMPILED, "torchao-int8-dynamic-compile"),
    (TORCH, EAGER, "torch-int8-dynamic"),
    (TORCH, COMPILED, "torch-int8-dynamic-compile"),
    (BY_ONNX, ONNX, "onnxruntime-int8-static"),
    (BY_OPENVINO, OPENVINO, "openvino-int8"),
)


def in_int8(reference: str) -> Iterator[Choice]:
    """One for each engine that runs its kernels, and for int8 weights alone."""
    for name, engine, variant in VARIANTS:
        yield Choice(name, INT8, engine, Cell(reference, variant), name)


def int8_beside(choices: Choices, name: str) -> dict[str, SpeedUp]:
    """How many times as fast int8 is as this network in the same engine, by each kernel that
    multiplies integers."""
    return {
        f"{kernel}, in {engine}": choices.in_each(kernel, name, [engine])[engine]
        for kernel, engine, _ in VARIANTS
        if kernel != STORED
    }
