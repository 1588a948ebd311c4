"""The same network in float32 and bfloat16 by compilers and engines."""

from __future__ import annotations

import copy
import shutil
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from undertow.lab.interventions.arithmetic import TorchCompile
from undertow.lab.interventions.runtime._engine import needed, quiet
from undertow.lab.interventions.runtime._onnx import Session, export
from undertow.lab.interventions.runtime.openvino_static import SETTINGS, unreported
from undertow.lab.lottery.built import (
    Built,
    CannotRun,
    Status,
    bytes_held,
    in_its_words,
    of_module,
)

ONNX = "ONNX Runtime"
"""What a message calls it."""


def eager(network: nn.Module) -> Built:
    """As torch runs it, operator by operator: the reference."""
    return of_module(network)


def compiled(network: nn.Module, x_B: Tensor) -> Built:
    """``torch.compile`` for the shape of this batch; what cannot be taken into one graph stays
    eager, and is said."""
    unable = TorchCompile().unable
    if unable:
        raise CannotRun(unable)
    status: Status = "native"
    note = ""
    with warnings.catch_warnings():  # torch warns of what its compiler still uses
        warnings.simplefilter("ignore")
        torch._dynamo.reset()
        built = of_module(torch.compile(network, fullgraph=True, dynamic=False))  # type: ignore[arg-type]
        try:
            built.logits(x_B)
        except torch._dynamo.exc.Unsupported as error:
            status = "partly native"
            note = f"the graph breaks, so a part runs eager; torch's words: {in_its_words(error)}"
            built = of_module(torch.compile(network, dynamic=False))  # type: ignore[arg-type]
            built.logits(x_B)
    return Built(built.logits, bytes_held(network), status, note)


def in_bfloat16(network: nn.Module) -> Built:
    """All weights and activations in bfloat16."""
    half = copy.deepcopy(network).to(torch.bfloat16)

    def logits(x_B: Tensor) -> Tensor:
        with torch.no_grad():
            answer: Tensor = half(x_B.to(torch.bfloat16))
        return answer.float()

    return Built(logits, bytes_held(half), network=half)


def in_onnxruntime(network: nn.Module, x_B: Tensor, kept: Path | None = None) -> Built:
    """ONNX Runtime, float32, one thread. ``kept`` is a file for the exported network: where it is
    there already, nothing is exported."""
    with quiet(), TemporaryDirectory() as folder:
        place = Path(folder)
        if kept is None or not kept.exists():
            plain = export(ONNX, network, x_B.shape[1:], place)
            kept = plain if kept is None else Path(shutil.copyfile(plain, kept))
        session = Session(ONNX, kept, place, exact_sums=False)
        return Built(session.logits, bytes_held(network))


def in_openvino(network: nn.Module, x_B: Tensor) -> Built:
    """OpenVINO, float32, one thread."""
    with quiet(), unreported():
        (openvino,) = needed("OpenVINO", "openvino")
        converted = openvino.convert_model(
            copy.deepcopy(network).eval(),
            example_input=torch.zeros(2, *x_B.shape[1:]),
            input=[-1, *x_B.shape[1:]],
        )
        return of_openvino(
            openvino.Core().compile_model(converted, "CPU", SETTINGS), bytes_held(network)
        )


def of_openvino(run: Any, size: int) -> Built:
    """A model that OpenVINO has compiled, of one input and one output."""

    def logits(x_B: Tensor) -> Tensor:
        return torch.from_numpy(run([x_B.contiguous().numpy()])[0].copy())

    return Built(logits, size)
