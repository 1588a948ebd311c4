"""What each operator of an ONNX graph has to do, by the shapes that onnx infers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from undertow.lab.interventions.runtime._engine import needed, quiet
from undertow.lab.measurements.operator_costs import Cost, Kind
from undertow.lab.measurements.roofline import Shape
from undertow.lab.own_code import told

Sides = tuple[int, ...]
VIEWS = {
    "Constant", "Dropout", "Flatten", "Identity", "Reshape", "Shape", "Size", "Squeeze",
    "Unsqueeze",
}  # fmt: skip
"""Operators that compute nothing: their output is their input's memory, or known beforehand."""
POINTWISE = {
    "Abs", "Add", "And", "BatchNormalization", "Cast", "Ceil", "Celu", "Clip", "Cos", "Div", "Elu",
    "Equal", "Erf", "Exp", "Floor", "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish",
    "LeakyRelu", "Less", "LessOrEqual", "Log", "Max", "Min", "Mish", "Mod", "Mul", "Neg", "Not",
    "Or", "PRelu", "Pow", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin",
    "Softplus", "Softsign", "Sqrt", "Sub", "Swish", "Sum", "Tanh", "ThresholdedRelu", "Where",
}  # fmt: skip
RECURRENT = {"GRU", "LSTM", "RNN"}
MULTIPLYING = {"Attention", "DeformConv", "Einsum", "If", "Loop", "Scan"}
"""Operators that multiply, or whose own graphs may, and are not counted here."""


class Counted(NamedTuple):
    """``costs`` of all operators, in order; none where ``unknown`` says why they cannot be told.
    ``uncounted`` has operators of whom bytes alone are known, by how often each stands there."""

    costs: list[Cost]
    unknown: str
    uncounted: Mapping[str, int]

    @property
    def said(self) -> str:
        """What must be known of predictions, or nothing."""
        if self.unknown:
            return f"nothing is predicted: {self.unknown}"
        names = ", ".join(f"{count} {name}" for name, count in self.uncounted.items())
        return f"predictions count bytes alone of {names}" if names else ""


class _Tensor(NamedTuple):
    sides: Sides
    each: int
    """Bytes of one number."""
    kind: str

    @property
    def bytes(self) -> int:
        return math.prod(self.sides) * self.each


def onnx_costs(model: Any, name: str, shape: Sides) -> Counted:
    """Of a ``ModelProto`` whose input of this name has this shape. Multiplications of MatMul, Gemm
    and convolutions are counted as torch counts them (two for each with its addition), and bytes of
    what all operators read and write; views cost nothing."""
    onnx, inliner, inference = needed(name, "onnx", "onnx.inliner", "onnx.shape_inference")
    given = onnx.ModelProto()
    given.CopyFrom(model)
    _with_shape(given.graph, name, shape)
    try:
        plain = inliner.inline_local_functions(given) if len(given.functions) else given
        found = _of(onnx, inference.infer_shapes(plain, data_prop=True).graph)
    except Exception as error:  # onnx raises errors of its own, and others, for a wrong graph
        return Counted([], f"onnx's shape inference fails; its words: {told(error)!r}", {})

    for other in (_by_onnxruntime, _folded_by_onnxruntime) if found.unknown else ():
        computed = other(onnx, plain)
        if computed is not None and not computed.unknown:
            return computed
    return found


def _of(onnx: Any, graph: Any) -> Counted:
    return _counted(graph, _tensors(onnx, graph), _constants(graph))


def _by_onnxruntime(onnx: Any, model: Any) -> Counted | None:
    """By ONNX Runtime's own inference, which also follows shapes that a graph computes, as torch's
    exporter writes them around LSTM. Where it fails it leaves a file where it runs."""
    try:
        with quiet(), TemporaryDirectory() as folder:
            (tools,) = needed("", "onnxruntime.tools.symbolic_shape_infer")
            with chdir(folder):
                inferred = tools.SymbolicShapeInference.infer_shapes(model)
            return _of(onnx, inferred.graph)
    except Exception:  # it raises whatever it meets in operators that it does not know
        return None


def _folded_by_onnxruntime(onnx: Any, model: Any) -> Counted | None:
    """By the graph as ONNX Runtime folds it: with the shape of its input known, shapes that it
    slices and puts together, as torch's older exporter writes them, are constants."""
    try:
        with quiet(), TemporaryDirectory() as folder:
            inference, runtime = needed("", "onnx.shape_inference", "onnxruntime")
            path, options = Path(folder) / "folded.onnx", runtime.SessionOptions()
            options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
            options.optimized_model_filepath = str(path)
            options.intra_op_num_threads, options.log_severity_level = 1, 4
            runtime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
            folded = inference.infer_shapes(onnx.load(path), data_prop=True)
        return _of(onnx, folded.graph)
    except Exception:  # whatever the engine raises for a file that it cannot run
        return None


def _with_shape(graph: Any, name: str, shape: Sides) -> None:
    """The input has the shape that it is asked with, and no other shape is believed."""
    del graph.value_info[:]
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")
    for value in graph.input:
        if value.name == name:
            value.type.tensor_type.ClearField("shape")
            for side in shape:
                value.type.tensor_type.shape.dim.add().dim_value = side


def _counted(graph: Any, tensors: dict[str, _Tensor], constants: set[str]) -> Counted:
    costs: list[Cost] = []
    uncounted: Counter[str] = Counter()
    for node in graph.node:
        if node.op_type in VIEWS:
            continue
        read = [tensors.get(one) for one in node.input if one]
        left = [tensors.get(one) for one in node.output if one]
        known = [one for one in (*read, *left) if one is not None]
        if len(known) < len(read) + len(left):
            which = f"{node.op_type} {node.name!r}" if node.name else node.op_type
            why = f"onnx's shape inference cannot tell the shapes of {which}"
            return Counted([], why, {})
        if node.op_type in MULTIPLYING or node.domain not in ("", "ai.onnx"):
            uncounted[node.op_type] += 1
        weights = [tensors[one].bytes for one in node.input if one in constants]
        kind, flops, shape = _product(node, known)
        costs.append(Cost(
            operator=f"onnx.{node.op_type}", kind=kind, module=node.name, flops=flops,
            weights=sum(weights), touched=sum(one.bytes for one in known),
            dtype=known[0].kind if known else "", shape=shape,
        ))  # fmt: skip
    return Counted(costs, "", dict(uncounted))


def _product(node: Any, known: Sequence[_Tensor]) -> tuple[Kind, float, Shape | None]:
    """The kind, operations, and the shape of the matrix product."""
    sides = [one.sides for one in known]
    if node.op_type == "Gemm":
        product = _gemm(node, sides[0], sides[1])
        return "linear", product.flops, product
    if node.op_type == "MatMul":
        a, b, out = sides[0], sides[1], sides[-1]
        one = len(b) == 2 and len(a) >= 2
        product_of = Shape(math.prod(a[:-1]), a[-1], b[1]) if one else None
        return "linear", 2.0 * math.prod(out) * a[-1], product_of
    if node.op_type == "Conv":
        weight, out = sides[1], sides[-1]
        patch = math.prod(weight[1:])
        shape = Shape(math.prod(out) // max(1, out[1]), patch, weight[0])
        return "convolution", 2.0 * math.prod(out) * patch, shape
    if node.op_type == "ConvTranspose":
        return "convolution", 2.0 * math.prod(sides[0]) * math.prod(sides[1][1:]), None
    if node.op_type in RECURRENT:
        steps, product = _recurrent(node, *sides[:3])
        return "linear", steps * product.flops, product
    return "pointwise" if node.op_type in POINTWISE else "other", 0.0, None


def _recurrent(node: Any, x: Sides, w: Sides, r: Sides) -> tuple[int, Shape]:
    """How often, over time and directions, a batch is multiplied with all gates' weights, of inputs
    and of states, which lie one above the other; and the shape of that product."""
    batch_first = {each.name: each.i for each in node.attribute}.get("layout")
    batch, time = x[:2] if batch_first else x[1::-1]
    directions, gates, inputs = w
    return directions * time, Shape(batch, inputs + r[2], gates)


def _gemm(node: Any, a: Sides, b: Sides) -> Shape:
    turned = {each.name: each.i for each in node.attribute}
    rows, inner = a[::-1] if turned.get("transA") else a
    return Shape(rows, inner, b[0] if turned.get("transB") else b[1])


def _tensors(onnx: Any, graph: Any) -> dict[str, _Tensor]:
    """All whose shape is known."""
    found = {}
    for tensor in graph.initializer:
        found[tensor.name] = _tensor(onnx, tuple(tensor.dims), tensor.data_type)
    for value in (*graph.input, *graph.value_info, *graph.output):
        kind = value.type.tensor_type
        free = any(not side.HasField("dim_value") for side in kind.shape.dim)
        if kind.HasField("shape") and not free and value.name not in found:
            sides = tuple(side.dim_value for side in kind.shape.dim)
            found[value.name] = _tensor(onnx, sides, kind.elem_type)
    return {name: one for name, one in found.items() if one is not None}


def _tensor(onnx: Any, sides: Sides, kind: int) -> _Tensor | None:
    try:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind)
    except Exception:  # a number that names no type
        return None
    return _Tensor(sides, int(dtype.itemsize), str(dtype)) if min(sides, default=0) >= 0 else None


def _constants(graph: Any) -> set[str]:
    """What is known before anything is asked: weights."""
    nodes = (one for node in graph.node if node.op_type == "Constant" for one in node.output)
    return {*(tensor.name for tensor in graph.initializer), *nodes}
