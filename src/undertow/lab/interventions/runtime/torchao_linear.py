"""``TorchaoLinearInt8``: linear layers in int8 by torchao, eager."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import nn

from undertow.lab.interventions.runtime._engine import needed, quiet
from undertow.lab.interventions.runtime._modules import Codes, asked, operators
from undertow.lab.interventions.runtime._operators import effect_of
from undertow.lab.interventions.site import AbstractRuntime, Compiled


@dataclass(frozen=True)
class TorchaoLinearInt8(AbstractRuntime):
    """torchao's ``quantize_``: int8 weights in linear layers, one scale per output channel; nothing
    else changes.

    With ``activations`` each example's inputs to a layer are rounded to int8 as well, by that
    example's own range, and the product is one of integers
    (``Int8DynamicActivationInt8WeightConfig``). Without, weights are integers and the arithmetic is
    float32 (``Int8WeightOnlyConfig``). No calibration: ``calibration_x_NCHW`` is not looked at.

    Convolutions and batch norms stay float32, so on a convolutional network this is the mildest of
    the engines. Against ``WeightQuantization(bits=8)``: that rounds filters too and keeps
    activations; codes here use -128 as well. 1911.05248's fixed-point int8 arm rounds activations
    everywhere, by ranges fixed on a representative set.

    Answers do not depend on the batch but for float32 rounding, which may tip a rounding to int8
    (hundredths of a logit). ``NoEffectError`` for a model without linear layers; ``UserError``
    without torchao.
    """

    activations: bool = True

    def compile(self, model: nn.Module, calibration_x_NCHW: torch.Tensor) -> Compiled:
        converted = self.converted(model)
        return Compiled(asked(converted), effect_of(self, operators(converted, _codes)))

    def converted(self, model: nn.Module) -> nn.Module:
        """A copy whose linear layers have integer weights; still a module, to be called or
        compiled."""
        with quiet():
            (torchao,) = needed(self, "torchao.quantization")
            dynamic, weights_only = (
                torchao.Int8DynamicActivationInt8WeightConfig,
                torchao.Int8WeightOnlyConfig,
            )
            changed = copy.deepcopy(model).eval()
            # The engine would otherwise change inductor's settings for the whole process.
            torchao.quantize_(
                changed,
                (dynamic if self.activations else weights_only)(set_inductor_config=False),
            )
        return changed


def _codes(layer: nn.Module) -> Codes | None:
    """Only torchao's integer tensors have any."""
    held = getattr(layer.weight, "qdata", None) if isinstance(layer, nn.Linear) else None
    return None if held is None else held.numpy()
