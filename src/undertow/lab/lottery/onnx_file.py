"""The ONNX file that a person gives a lottery: opened without running it, and refused where its
variants could not be set beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from undertow.errors import UserError
from undertow.lab.interventions.runtime._engine import needed
from undertow.lab.own_code import told
from undertow.lab.ways.given_model import model_named
from undertow.lab.ways.onnx_weights import LARGEST, read, too_large, weights_beside

DEFAULT = ("", "ai.onnx")
"""What the domain of ONNX's own operators is called."""


@dataclass(frozen=True, eq=False)
class OnnxFile:
    """``name`` is what its owner calls it, ``model`` an ``onnx.ModelProto`` with all weights in it,
    ``input`` the name of its only input, ``batch`` the only size that it takes; None where that is
    free."""

    name: str
    model: Any
    input: str
    batch: int | None

    @property
    def size(self) -> int:
        """Bytes of its weights."""
        return sum(map(_bytes, _weights(self.model)))

    def written(self, path: Path) -> Path:
        """The same as one file."""
        path.write_bytes(self.model.SerializeToString())
        return path


def opened(name: str) -> OnnxFile:
    """``UserError`` for what is no ONNX file of one float32 input and one output."""
    path = model_named(name)
    assert isinstance(path, Path)
    (onnx,) = needed(name, "onnx")
    model = read(onnx, name, path)
    _refuse_opset(onnx, name, model)
    _load_weights(onnx, name, model, path)
    _refuse_not_float32(onnx, name, model)
    given = _only_input(onnx, name, model)
    _refuse_outputs(name, model, given.name)
    axes = given.type.tensor_type.shape.dim
    fixed = int(axes[0].dim_value) if axes and axes[0].HasField("dim_value") else 0
    return OnnxFile(name, model, given.name, fixed if fixed > 0 else None)


def refuse_batch(file: OnnxFile, batch: int, examples: int) -> None:
    """``UserError`` where it takes batches of one other size alone."""
    if file.batch in (None, batch):
        return
    way = (
        f"give --batch {file.batch}"
        if file.batch is not None and file.batch <= examples
        else f"there are {examples:,} examples, so give at least {file.batch}"
    )
    raise UserError(
        f"{file.name}: was exported for batches of {file.batch}, and batches of {batch} are asked "
        f"for; {way}, or export it with a free first axis"
    )


def _refuse_opset(onnx: Any, name: str, model: Any) -> None:
    known = onnx.defs.onnx_opset_version()
    own = max((each.version for each in model.opset_import if each.domain in DEFAULT), default=1)
    if own > known:
        raise UserError(
            f"{name}: is of opset {own}, and the onnx {onnx.__version__} that is installed knows "
            f"opsets up to {known}; export it with opset_version={known}, or run pip install "
            "--upgrade onnx onnxruntime"
        )


def _load_weights(onnx: Any, name: str, model: Any, path: Path) -> None:
    """Those that lie in files beside it; never from anywhere else."""
    files = weights_beside(onnx, name, model, path)
    whole = path.stat().st_size + sum(each.stat().st_size for each in files.values())
    if whole > LARGEST:
        raise too_large(name, whole)
    try:
        onnx.external_data_helper.load_external_data_for_model(model, str(path.parent))
    except Exception as error:
        raise UserError(
            f"{name}: its weights cannot be read from {', '.join(map(repr, files))}: "
            f"{told(error)}; export the network again with external_data=False"
        ) from error


def _refuse_not_float32(onnx: Any, name: str, model: Any) -> None:
    why = next((op for node in model.graph.node if _quantized(op := node.op_type)), None)
    if why is None:
        halves = (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)
        weights = ((tensor.data_type, "weights of") for tensor in _weights(model))
        casts = ((to, "a cast to") for to in _cast_to(model))
        found = next(((of, kind) for kind, of in (*weights, *casts) if kind in halves), None)
        why = None if found is None else f"{found[0]} {_kind(onnx, found[1])}"
    if why is not None:
        raise UserError(
            f"{name}: has {why}, so it is no float32 network any more; give the float32 file that "
            "it was made from"
        )


def _quantized(operator: str) -> bool:
    integer = "Integer" in operator or "quantize" in operator.casefold()
    few_bits = operator.endswith(("NBits", "Bnb4"))
    return integer or few_bits or operator.startswith(("QLinear", "QGemm", "QAttention"))


def _weights(model: Any) -> Iterator[Any]:
    """Tensors that the file holds, wherever: initializers, and values of ``Constant`` nodes."""
    yield from model.graph.initializer
    for node in model.graph.node:
        if node.op_type == "Constant":
            yield from (given.t for given in node.attribute if given.name == "value")


def _cast_to(model: Any) -> Iterator[int]:
    """Number types that numbers are turned into on the way."""
    for node in model.graph.node:
        if node.op_type == "Cast":
            yield from (given.i for given in node.attribute if given.name == "to")


def _only_input(onnx: Any, name: str, model: Any) -> Any:
    held = {tensor.name for tensor in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in held]
    if len(inputs) != 1:
        raise UserError(
            f"{name}: takes {len(inputs)} inputs ({_names(inputs)}), and a lottery times networks "
            "of one; export a network of one input, or compare its answers alone with undertow "
            f"vary {name} --inputs inputs.npz"
        )
    kind = inputs[0].type.tensor_type.elem_type
    if kind != onnx.TensorProto.FLOAT:
        raise UserError(
            f"{name}: its input {inputs[0].name!r} is of {_kind(onnx, kind)}, and a lottery times "
            "networks of float32; export it for float32 inputs, or compare its answers alone with "
            f"undertow vary {name} --inputs inputs.npz"
        )
    return inputs[0]


def _refuse_outputs(name: str, model: Any, given: str) -> None:
    outputs = list(model.graph.output)
    if len(outputs) != 1:
        last = outputs[-1].name if outputs else "logits"
        raise UserError(
            f"{name}: gives {len(outputs)} outputs ({_names(outputs)}), and a lottery compares "
            "one; keep the one of the logits, with all that is needed for it, by python -c "
            f"\"import onnx.utils; onnx.utils.extract_model({name!r}, 'one.onnx', [{given!r}], "
            f'[{last!r}])"'
        )
    if outputs[0].type.WhichOneof("value") != "tensor_type":
        raise UserError(
            f"{name}: its output {outputs[0].name!r} is no tensor; export it with plain outputs, "
            "as skl2onnx does with options={'zipmap': False}"
        )


def _names(values: Sequence[Any]) -> str:
    return ", ".join(each.name for each in values)


def _kind(onnx: Any, kind: int) -> str:
    known = dict(onnx.TensorProto.DataType.items()).items()
    return next((name for name, number in known if number == kind), f"type {kind}")


def _bytes(tensor: Any) -> int:
    """Of a weight: those of its numbers as they lie in memory."""
    (helper,) = needed(tensor.name, "onnx.helper")
    count = 1
    for side in tensor.dims:
        count *= side
    return count * int(helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)
