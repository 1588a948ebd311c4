"""Tiny ONNX graphs, written without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FREE = "B"


def value(name: str, *sides: int | str, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, sides)


def weights(name: str, *sides: int, dtype: str = "float32") -> Any:
    drawn = np.random.default_rng(len(name)).normal(size=sides)
    return numpy_helper.from_array(drawn.astype(dtype), name)


def node(kind: str, read: str, left: str, **more: Any) -> Any:
    return helper.make_node(kind, read.split(), left.split(), name=f"the {kind}", **more)


def model(nodes: Any, inputs: Any, outputs: Any, held: Any = (), opset: int = 17) -> Any:
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(held))
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.x", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def linear(batch: int | str = FREE, **changed: Any) -> Any:
    """x (B, 32) by a product, a ReLU and a product to logits (B, 4)."""
    given: dict[str, Any] = {
        "nodes": [node("Gemm", "x a bias", "h"), node("Relu", "h", "r"),
                  node("MatMul", "r b", "logits")],
        "inputs": [value("x", batch, 32)],
        "outputs": [value("logits", batch, 4)],
        "held": [weights("a", 32, 64), weights("bias", 64), weights("b", 64, 4)],
    }  # fmt: skip
    return model(**(given | changed))


def saved(graph: Any, path: Path) -> str:
    onnx.save(graph, path)
    return str(path)
