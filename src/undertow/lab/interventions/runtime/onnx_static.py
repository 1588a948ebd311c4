"""``OnnxStaticInt8``: static int8 by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from undertow.lab.interventions.runtime._engine import calibration, needed, quiet
from undertow.lab.interventions.runtime._onnx import (
    INPUT,
    Session,
    export,
    norm_nodes,
    operators,
)
from undertow.lab.interventions.runtime._operators import effect_of
from undertow.lab.interventions.site import AbstractRuntime, Compiled

BATCH = 64


@dataclass(frozen=True)
class OnnxStaticInt8(AbstractRuntime):
    """ONNX Runtime's ``quantize_static`` (QDQ): int8 weights with one scale per output channel,
    uint8 activations with one range per tensor, from the least to the greatest value that the
    calibration images cause.

    Convolutions and linear layers run in integers, and so do sums, pooling and reshaping between
    them where the CPU provider can. A batch norm right after a convolution is folded into it first;
    any other stays float32, as does what stands between it and the next quantization.

    ``exact_sums`` asks for kernels that give the same sums on every processor. Without it (ONNX
    Runtime's own default), processors without VNNI (AVX2) let sums of two products saturate at 16
    bits: the same file then gives other answers there than on the machine next to it, and worse
    ones.

    Against ``WeightQuantization(bits=8)``: activations and logits are rounded too and values
    outside the calibrated ranges are cut off, norms are folded before weights are rounded.
    1911.05248's fixed-point int8 arm also fixes ranges on a representative set, with another
    engine.

    Answers do not depend on the batch, to the bit. ``NoEffectError`` without a convolution or
    linear layer; ``UserError`` without onnx, onnxscript, onnxruntime or images.
    """

    exact_sums: bool = True

    def compile(self, model: nn.Module, calibration_x_NCHW: torch.Tensor) -> Compiled:
        images = calibration(self, calibration_x_NCHW, BATCH)
        with quiet(), TemporaryDirectory() as folder:
            place = Path(folder)
            plain = export(self, model, calibration_x_NCHW.shape[1:], place)
            return self.of_file(plain, INPUT, images, place)

    def of_file(
        self, plain: Path, name: str, images: Sequence[torch.Tensor], place: Path
    ) -> Compiled:
        """The same of an ONNX file that was prepared for it, which takes ``images`` batch by batch
        under this name; ``place`` is a folder to work in."""
        with quiet():
            (quantization,) = needed(self, "onnxruntime.quantization")
            integer = place / "int8.onnx"
            quantization.quantize_static(
                str(plain),
                str(integer),
                _Reader(name, images),
                quant_format=quantization.QuantFormat.QDQ,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                per_channel=True,
                nodes_to_exclude=norm_nodes(self, plain),
            )
            session = Session(self, integer, place, exact_sums=self.exact_sums)
            return Compiled(session.logits, effect_of(self, operators(self, plain, session.graph)))


class _Reader:
    """ONNX Runtime's ``CalibrationDataReader``: one batch a call, then ``None``."""

    def __init__(self, name: str, batches: Sequence[torch.Tensor]) -> None:
        self.name, self.rest = name, iter(batches)

    def get_next(self) -> dict[str, Any] | None:
        x_BCHW = next(self.rest, None)
        return None if x_BCHW is None else {self.name: x_BCHW.numpy()}
