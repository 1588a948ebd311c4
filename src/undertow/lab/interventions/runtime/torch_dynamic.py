"""``TorchDynamicInt8``: linear layers in dynamic int8 by torch's own older kernels."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from undertow.errors import UserError
from undertow.lab.interventions.runtime._engine import quiet
from undertow.lab.interventions.runtime._modules import Codes, asked, operators
from undertow.lab.interventions.runtime._operators import effect_of
from undertow.lab.interventions.site import AbstractRuntime, Compiled


@dataclass(frozen=True)
class TorchDynamicInt8(AbstractRuntime):
    """``torch.ao.quantization.quantize_dynamic``: int8 weights in linear layers, one scale for each
    layer, and inputs of a layer rounded by the range that they have when they are there; nothing
    else changes. The product is one of integers. No calibration: ``calibration_x_NCHW`` is not
    looked at.

    Inputs have 7 bits (``reduce_range``), so that sums of two products fit into 16 on processors
    without VNNI. torch has marked all of it for removal, in favour of torchao.

    The range is that of the whole batch, so an image's answer depends on the images beside it.
    ``alone`` runs images one by one, which makes an answer the image's own; without it they run as
    they come.

    Against ``TorchaoLinearInt8()``: that has a scale for each output channel, and 8 bits for the
    inputs of each example by themselves. Against ``OnnxDynamicInt8``: that rounds convolutions too.

    With ``alone`` answers do not depend on the batch, to the bit. ``NoEffectError`` for a model
    without linear layers; ``UserError`` where torch has no such kernels, and for a model that is
    not on the CPU.
    """

    alone: bool = True

    def compile(self, model: nn.Module, calibration_x_NCHW: torch.Tensor) -> Compiled:
        converted = self.converted(model)
        logits = asked(converted)

        def one_by_one(x_BCHW: torch.Tensor) -> torch.Tensor:
            return torch.cat([logits(x_1CHW) for x_1CHW in torch.split(x_BCHW, 1)])

        effect = effect_of(self, operators(converted, _codes))
        return Compiled(one_by_one if self.alone else logits, effect)

    def converted(self, model: nn.Module) -> nn.Module:
        """A copy whose linear layers have integer weights; still a module, to be called or
        compiled. It takes images as they come."""
        quantize = self._quantize()
        elsewhere = {t.device.type for t in (*model.parameters(), *model.buffers())} - {"cpu"}
        if elsewhere:
            raise UserError(
                f"{self!r} runs on the CPU, and the model has weights on {min(elsewhere)}; load "
                "it there: model.to('cpu')"
            )
        with quiet():
            changed: nn.Module = quantize(
                copy.deepcopy(model).eval(), {nn.Linear}, dtype=torch.qint8, inplace=True
            )
        return changed

    def _quantize(self) -> Callable[..., Any]:
        """torch's function, which a later torch may not have."""
        with quiet():
            found = getattr(getattr(torch.ao, "quantization", None), "quantize_dynamic", None)
        if found is None:
            raise UserError(
                f"{self!r} needs torch.ao.quantization.quantize_dynamic, which torch "
                f"{torch.__version__} does not have; take TorchaoLinearInt8()"
            )
        if (engine := torch.backends.quantized.engine) in ("", "none"):
            raise UserError(
                f"{self!r} needs torch's own int8 kernels, of which torch {torch.__version__} has "
                f"none here (torch.backends.quantized.engine is {engine!r}); take "
                "TorchaoLinearInt8()"
            )
        return found  # type: ignore[no-any-return]


def _codes(layer: nn.Module) -> Codes | None:
    if not isinstance(layer, torch.ao.nn.quantized.dynamic.Linear):
        return None
    codes: Codes = layer.weight().int_repr().numpy()  # type: ignore[no-untyped-call]
    return codes
