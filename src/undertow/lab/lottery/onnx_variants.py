"""The variants of an ONNX file: engines that take it as it is, and their own quantizers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from undertow.errors import UserError
from undertow.lab.interventions.runtime import OnnxDynamicInt8, OnnxStaticInt8, OpenVINOStaticInt8
from undertow.lab.interventions.runtime._engine import calibration, needed, quiet
from undertow.lab.interventions.runtime._onnx import Session
from undertow.lab.interventions.runtime.onnx_static import BATCH
from undertow.lab.interventions.runtime.openvino_static import SETTINGS, unreported
from undertow.lab.interventions.site import Compiled
from undertow.lab.lottery.built import Built, of_engine
from undertow.lab.lottery.engines import of_openvino
from undertow.lab.lottery.ideal import DYNAMIC, FUSED, STATIC, Ideal
from undertow.lab.lottery.onnx_file import OnnxFile
from undertow.lab.lottery.variants import Build, Variant
from undertow.lab.own_code import told

ONNX_REFERENCE = "onnxruntime"


def onnx_variants() -> list[Variant]:
    """All of them, the reference first."""
    return [
        Variant(ONNX_REFERENCE, "ONNX Runtime, float32, the file as it is", _reference, FUSED),
        Variant("onnxruntime-unoptimized", "ONNX Runtime, float32, its graph optimization off",
                lambda n, x, c: _in_onnxruntime(n, optimized=False), Ideal()),
        Variant("openvino", "OpenVINO, float32", lambda n, x, c: _in_openvino(n), FUSED),
        Variant("onnxruntime-int8-dynamic", "ONNX Runtime, dynamic int8", _of_file(_dynamic),
                DYNAMIC),
        Variant("onnxruntime-int8-static", "ONNX Runtime, static int8", _of_file(_static), STATIC),
        Variant("openvino-int8", "OpenVINO, static int8", _openvino_int8, STATIC),
    ]  # fmt: skip


def _reference(file: OnnxFile, x_B: Tensor, calibration_x_N: Tensor) -> Built:
    try:
        return _in_onnxruntime(file)
    except UserError:
        raise
    except Exception as error:  # whatever the engine raises for a file that it cannot run
        raise UserError(
            f"{file.name}: onnxruntime cannot load it: {told(error)}; see what is wrong with it by "
            f'python -c "import onnx; onnx.checker.check_model({file.name!r}, full_check=True)"'
        ) from error


def _in_onnxruntime(file: OnnxFile, optimized: bool = True) -> Built:
    with quiet(), TemporaryDirectory() as folder:
        needed(file.name, "onnx", "onnxruntime")
        place = Path(folder)
        path = file.written(place / "given.onnx")
        session = Session(file.name, path, place, exact_sums=False, optimized=optimized)
        return Built(session.logits, file.size)


def _in_openvino(file: OnnxFile) -> Built:
    with quiet(), unreported(), TemporaryDirectory() as folder:
        openvino, model = _openvino_model(file, Path(folder))
        return of_openvino(openvino.Core().compile_model(model, "CPU", SETTINGS), file.size)


def _openvino_model(file: OnnxFile, place: Path) -> tuple[Any, Any]:
    """The package, and the file as it reads it."""
    (openvino,) = needed(file.name, "openvino")
    return openvino, openvino.Core().read_model(str(file.written(place / "given.onnx")))


def _openvino_int8(file: OnnxFile, x_B: Tensor, calibration_x_N: Tensor) -> Built:
    engine = OpenVINOStaticInt8(exact_sums=False)
    with quiet(), unreported(), TemporaryDirectory() as folder:
        needed(file.name, "openvino", "nncf")
        _, model = _openvino_model(file, Path(folder))
        images = _images(engine, file, calibration_x_N, 1)
        return of_engine(engine.of_model(model, images), file.size)


def _of_file(
    quantized: Callable[[OnnxFile, Path, Path, Tensor], Compiled],
) -> Build:
    """An engine that quantizes a file which was prepared for it."""

    def build(file: OnnxFile, x_B: Tensor, calibration_x_N: Tensor) -> Built:
        with quiet(), TemporaryDirectory() as folder:
            place = Path(folder)
            prepared = _prepared(file, place)
            return of_engine(quantized(file, prepared, place, calibration_x_N), file.size)

    return build


def _dynamic(file: OnnxFile, prepared: Path, place: Path, calibration_x_N: Tensor) -> Compiled:
    return OnnxDynamicInt8(exact_sums=False, alone=False).of_file(prepared, place)


def _static(file: OnnxFile, prepared: Path, place: Path, calibration_x_N: Tensor) -> Compiled:
    engine = OnnxStaticInt8(exact_sums=False)
    images = _images(engine, file, calibration_x_N, BATCH)
    return engine.of_file(prepared, file.input, images, place)


def _prepared(file: OnnxFile, place: Path) -> Path:
    """Batch norms folded, and shapes told where they can be: quantizers want both."""
    (preparation,) = needed(file.name, "onnxruntime.quantization.shape_inference")
    given, path = file.written(place / "given.onnx"), place / "float.onnx"
    try:
        preparation.quant_pre_process(str(given), str(path))
    except Exception:  # its symbolic shapes know fewer operators than all else here
        preparation.quant_pre_process(str(given), str(path), skip_symbolic_shape=True)
    return path


def _images(engine: object, file: OnnxFile, x_N: Tensor, usual: int) -> list[torch.Tensor]:
    """Whole batches of the size that the file takes."""
    size = file.batch or usual
    whole = x_N if file.batch is None else x_N[: len(x_N) // size * size]
    return calibration(engine, whole, size)
