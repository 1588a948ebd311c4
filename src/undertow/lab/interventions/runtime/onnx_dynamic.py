"""``OnnxDynamicInt8``: dynamic int8 by ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn

from undertow.lab.interventions.runtime._engine import needed, quiet
from undertow.lab.interventions.runtime._onnx import Session, export, operators
from undertow.lab.interventions.runtime._operators import effect_of
from undertow.lab.interventions.site import AbstractRuntime, Compiled


@dataclass(frozen=True)
class OnnxDynamicInt8(AbstractRuntime):
    """ONNX Runtime's ``quantize_dynamic``: int8 weights (one scale per output channel in linear
    layers, one per filter bank in convolutions), uint8 activations by the range that each tensor
    has when it is there. No calibration: ``calibration_x_NCHW`` gives the shape of an image and
    nothing else.

    Convolutions and linear layers take integers and give float32; everything between stays float32.
    A batch norm right after a convolution is folded into it first.

    The range is that of the whole tensor, so an image's answer depends on the images beside it.
    ``alone`` runs images one by one, which makes an answer the image's own; without it they run as
    they come, as a server that gathers requests would have it, and the same image may get another
    class in another batch.

    ``exact_sums`` as in ``OnnxStaticInt8``: the same sums on every processor; off is ONNX Runtime's
    own default. Here it reaches linear layers and convolutions alike.

    Against ``WeightQuantization(bits=8)``: activations are rounded too, filters share one scale per
    layer, norms are folded before weights are rounded. 1911.05248's fixed-point int8 arm fixes
    ranges in advance; its dynamic-range arm is the nearest to this, with another engine.

    With ``alone`` answers do not depend on the batch, to the bit. ``NoEffectError`` without a
    convolution or linear layer; ``UserError`` without onnx, onnxscript or onnxruntime.
    """

    exact_sums: bool = True
    alone: bool = True

    def compile(self, model: nn.Module, calibration_x_NCHW: torch.Tensor) -> Compiled:
        with quiet(), TemporaryDirectory() as folder:
            place = Path(folder)
            return self.of_file(export(self, model, calibration_x_NCHW.shape[1:], place), place)

    def of_file(self, plain: Path, place: Path) -> Compiled:
        """The same of an ONNX file that was prepared for it; ``place`` is a folder to work in."""
        with quiet():
            (quantization,) = needed(self, "onnxruntime.quantization")
            integer = place / "int8.onnx"
            signed = quantization.QuantType.QInt8
            quantization.quantize_dynamic(
                str(plain), str(integer), per_channel=True, weight_type=signed
            )
            session = Session(self, integer, place, exact_sums=self.exact_sums)
            effect = effect_of(self, operators(self, plain, session.graph))

        def one_by_one(x_BCHW: torch.Tensor) -> torch.Tensor:
            return torch.cat([session.logits(x_1CHW) for x_1CHW in torch.split(x_BCHW, 1)])

        return Compiled(one_by_one if self.alone else session.logits, effect)
