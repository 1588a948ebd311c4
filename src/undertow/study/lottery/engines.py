"""Engines as people call them, and the reference in int8 by the kernels of each."""

from __future__ import annotations

from collections.abc import Iterator

from undertow.lab.interventions.runtime import OnnxStaticInt8, OpenVINOStaticInt8, TorchaoLinearInt8
from undertow.lab.lottery.cells import Cell
from undertow.study.lottery.choices import Choice

EAGER, COMPILED, ONNX, OPENVINO = "torch eager", "torch compiled", "ONNX Runtime", "OpenVINO"
FLOAT32 = {EAGER: "eager", COMPILED: "compile", ONNX: "onnxruntime", OPENVINO: "openvino"}
"""Variants that run a network as it is, by what the engine is called."""
INT8, WEIGHTS = "int8", "int8 weights alone"
STORED, TORCHAO, BY_ONNX, BY_OPENVINO = (
    "int8 weights, torchao", "int8, torchao", "int8, ONNX Runtime", "int8, OpenVINO",
)  # fmt: skip
BY_ENGINE = {
    STORED: TorchaoLinearInt8(activations=False),
    TORCHAO: TorchaoLinearInt8(),
    BY_ONNX: OnnxStaticInt8(exact_sums=False),
    BY_OPENVINO: OpenVINOStaticInt8(exact_sums=False),
}
"""What derives from the reference, by the name of its population: sums as engines do them by
default, since those are timed."""
VARIANTS = (
    (WEIGHTS, EAGER, "torchao-int8-weights", STORED),
    (WEIGHTS, COMPILED, "torchao-int8-weights-compile", STORED),
    (INT8, EAGER, "torchao-int8-dynamic", TORCHAO),
    (INT8, COMPILED, "torchao-int8-dynamic-compile", TORCHAO),
    (INT8, ONNX, "onnxruntime-int8-static", BY_ONNX),
    (INT8, OPENVINO, "openvino-int8", BY_OPENVINO),
)


def in_int8(reference: str) -> Iterator[Choice]:
    """One for each engine that has kernels for it, and for int8 weights alone."""
    for name, engine, variant, population in VARIANTS:
        yield Choice(name, INT8, engine, Cell(reference, variant), population)
