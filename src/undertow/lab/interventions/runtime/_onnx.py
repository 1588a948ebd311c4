"""From torch to ONNX, and from ONNX to a session of ONNX Runtime whose graph can be read."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from undertow.lab.interventions.runtime._engine import needed
from undertow.lab.interventions.runtime._operators import Kind, Operator

PACKAGES = ("onnx", "onnxscript", "onnxruntime", "onnxruntime.quantization")
INPUT, OUTPUT = "images", "logits"
PLAIN: dict[str, Kind] = {
    "Conv": "conv2d", "Gemm": "linear", "MatMul": "linear", "LSTM": "recurrent",
    "GRU": "recurrent", "RNN": "recurrent",
}  # fmt: skip
INTEGER: dict[str, tuple[Kind, int, int]] = {
    "QLinearConv": ("conv2d", 3, 1),
    "ConvInteger": ("conv2d", 1, 1),
    "QGemm": ("linear", 3, 1),
    "QLinearMatMul": ("linear", 3, 1),
    "MatMulInteger": ("linear", 1, 1),
    "MatMulIntegerToFloat": ("linear", 1, 1),
    "DynamicQuantizeMatMul": ("linear", 1, 1),
    "DynamicQuantizeLSTM": ("recurrent", 1, 2),
}
"""ONNX Runtime's integer operators: the kind, which of its inputs is the first weight, and how many
weights there are."""


def export(intervention: object, model: nn.Module, shape_CHW: torch.Size, place: Path) -> Path:
    """Write the model as ONNX with a free batch, batch norms folded into the convolutions before
    them."""
    onnx_preparation = needed(intervention, *PACKAGES, "onnxruntime.quantization.shape_inference")[
        -1
    ]
    program = torch.onnx.export(
        copy.deepcopy(model).eval(),
        (torch.zeros(2, *shape_CHW),),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=({0: torch.export.Dim("B", min=1)},),
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    assert program is not None  # As no file was asked for.
    path = place / "float.onnx"
    onnx_preparation.quant_pre_process(program.model_proto, str(path))
    return path


class Session:
    """One model of one input in ONNX Runtime, on one thread, in one order of work; ``graph`` is
    what it runs, after optimization (of which there is none unless ``optimized``)."""

    def __init__(
        self,
        intervention: object,
        path: Path,
        place: Path,
        *,
        exact_sums: bool,
        optimized: bool = True,
    ) -> None:
        onnx, runtime = needed(intervention, "onnx", "onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        if not optimized:
            options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.optimized_model_filepath = str(place / "run.onnx")
        # Signed weights become unsigned ones of the same value, whose kernels on AVX2 widen before
        # they add.
        options.add_session_config_entry("session.x64quantprecision", str(int(exact_sums)))
        self.session: Any = runtime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self.graph: Any = onnx.load(place / "run.onnx").graph
        self.input: str = self.session.get_inputs()[0].name

    def logits(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        (answer,) = self.session.run(None, {self.input: x_BCHW.contiguous().numpy()})
        return torch.from_numpy(answer)


def norm_nodes(intervention: object, path: Path) -> list[str]:
    """Batch norms left in the graph. There is no integer kernel for them: rounding their scales
    would gain nothing."""
    (onnx,) = needed(intervention, "onnx")
    return [
        node.name for node in onnx.load(path).graph.node if node.op_type == "BatchNormalization"
    ]


def operators(intervention: object, plain: Path, graph: Any) -> list[Operator]:
    """Integer operators as the session runs them; what is missing from them against the plain model
    is float.

    The run graph alone would not do: ONNX Runtime writes batch norms as convolutions there.
    """
    onnx, numpy_helper = needed(intervention, "onnx", "onnx.numpy_helper")
    held: dict[str, NDArray[Any]] = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer
    }
    found = []
    for node in graph.node:
        if node.op_type in INTEGER:
            kind, first, count = INTEGER[node.op_type]
            names = node.input[first : first + count]
            codes = [held[name].ravel() for name in names if name in held]
            if len(codes) == count and all(np.issubdtype(c.dtype, np.integer) for c in codes):
                found.append(Operator(kind, names[0], np.concatenate(codes)))
    before = onnx.load(plain).graph
    weights = {tensor.name for tensor in before.initializer}
    for kind in dict.fromkeys(PLAIN.values()):
        names = [
            n.input[1]
            for n in before.node
            if PLAIN.get(n.op_type) == kind and n.input[1] in weights
        ]
        missing = len(names) - sum(op.kind == kind for op in found)
        found += [Operator(kind, f"float {kind} {position}", None) for position in range(missing)]
    return found
