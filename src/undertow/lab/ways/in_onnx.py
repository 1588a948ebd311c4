"""An ONNX file, or a torch module through an engine: ONNX Runtime or OpenVINO in float32."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from undertow.errors import UserError
from undertow.lab.interventions.runtime._engine import needed, quiet
from undertow.lab.interventions.runtime._onnx import PACKAGES
from undertow.lab.interventions.runtime.openvino_static import SETTINGS, unreported
from undertow.lab.own_code import told
from undertow.lab.ways.onnx_weights import read, weights_beside
from undertow.lab.ways.outputs import rows_of
from undertow.lab.ways.together import Arrays, Ask
from undertow.lab.ways.way import Way

NUMBERS = {
    "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16,
    "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8, "tensor(bool)": np.bool_,
}  # fmt: skip
"""Types of inputs by ONNX Runtime's names."""
ONE_THREAD = 1


class InOnnx:
    """``path`` is the file, ``name`` what its owner calls it."""

    def __init__(self, name: str, path: Path, output: str | None = None) -> None:
        self.name, self.path, self.output = name, path, output

    @contextmanager
    def asked(self, way: Way) -> Iterator[Ask]:
        """A function that asks it so, on as many threads; one where the way names none."""
        made = _openvino if way.engine == "openvino" else _onnxruntime
        with quiet():
            try:
                run = made(self, way.threads or ONE_THREAD)
            except UserError:
                raise
            except Exception as error:  # whatever an engine raises for a file that it cannot run
                why = told(error).replace(str(self.path), self.name)
                raise UserError(
                    f"{self.name}: {way.engine or 'onnxruntime'} cannot load it: {why}"
                ) from error
        yield lambda arrays: self._rows(run, way, arrays)

    def _rows(self, run: Any, way: Way, arrays: Arrays) -> NDArray[Any]:
        try:
            found = run(arrays)
        except UserError:
            raise
        except Exception as error:
            shapes = ", ".join(f"{n} {a.shape}" for n, a in arrays.items())
            raise UserError(
                f"{self.name}: asked in {way.about} (inputs {shapes}) it raises {told(error)}; "
                "where it was exported for one size of batch, export it with a free first axis"
            ) from error
        tensors = {name: torch.from_numpy(np.array(value)) for name, value in found.items()}
        return rows_of(self.name, tensors, len(next(iter(arrays.values()))), self.output)

    def fed(self, wanted: Mapping[str, Any], arrays: Arrays) -> dict[str, NDArray[Any]]:
        """The arrays under the names and in the number types that the model wants."""
        if len(wanted) == len(arrays) == 1:
            arrays = {next(iter(wanted)): next(iter(arrays.values()))}
        if set(wanted) != set(arrays):
            raise UserError(
                f"{self.name}: wants the inputs {', '.join(wanted)}, and --inputs has "
                f"{', '.join(arrays)}; save them under the names that it wants"
            )
        return {name: np.ascontiguousarray(arrays[name], kind) for name, kind in wanted.items()}


def refuse_unreadable(model: InOnnx) -> None:
    """``UserError`` for what is no ONNX file, or one whose weights do not lie beside it."""
    (onnx,) = needed(model.name, "onnx")
    weights_beside(onnx, model.name, read(onnx, model.name, model.path), model.path)


def _onnxruntime(model: InOnnx, threads: int) -> Any:
    (runtime,) = needed(model, "onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4
    # From its path: of bytes alone the weights beside it would be looked for in the current folder.
    session = runtime.InferenceSession(str(model.path), options, providers=["CPUExecutionProvider"])
    wanted = {each.name: NUMBERS.get(each.type, np.float32) for each in session.get_inputs()}
    names = [each.name for each in session.get_outputs()]

    def run(arrays: Arrays) -> dict[str, NDArray[Any]]:
        return dict(zip(names, session.run(None, model.fed(wanted, arrays)), strict=True))

    return run


def _openvino(model: InOnnx, threads: int) -> Any:
    with unreported():
        (openvino,) = needed(model, "openvino")
        settings = SETTINGS | {"INFERENCE_NUM_THREADS": threads}
        compiled = openvino.Core().compile_model(str(model.path), "CPU", settings)
    wanted = {port.get_any_name(): port.element_type.to_dtype() for port in compiled.inputs}
    names = [port.get_any_name() for port in compiled.outputs]

    def run(arrays: Arrays) -> dict[str, NDArray[Any]]:
        found = compiled(model.fed(wanted, arrays))
        return {name: found[place] for place, name in enumerate(names)}

    return run


@contextmanager
def exported(name: str, module: nn.Module, arrays: Arrays) -> Iterator[InOnnx]:
    """The module as an ONNX file with a free batch, for as long as it is asked. ``UserError`` where
    it cannot be exported, or a package is not there."""
    asked = InOnnx(name, Path())
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        with quiet():
            needed(asked, *PACKAGES[:3])
            try:
                _export(
                    module, {n: torch.from_numpy(a[:2].copy()) for n, a in arrays.items()}, path
                )
            except Exception as error:
                raise UserError(f"{name}: cannot be exported to ONNX: {told(error)}") from error
        yield InOnnx(name, path)


def _export(module: nn.Module, given: dict[str, torch.Tensor], path: Path) -> None:
    kind = next((p.dtype for p in module.parameters()), torch.float32)
    given = {n: x.to(kind) if x.is_floating_point() else x for n, x in given.items()}
    free = {0: torch.export.Dim("B", min=1)}
    torch.onnx.export(
        copy.deepcopy(module),
        tuple(given.values()) if len(given) == 1 else (),
        str(path),
        kwargs=None if len(given) == 1 else given,
        input_names=list(given),
        dynamic_shapes=(free,) if len(given) == 1 else dict.fromkeys(given, free),
        dynamo=True,
        external_data=False,
        verbose=False,
    )
