"""``OpenVINOStaticInt8``: static int8 by NNCF, run by OpenVINO."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from undertow.lab.interventions.runtime._engine import calibration, needed, quiet
from undertow.lab.interventions.runtime._operators import Kind, Operator, effect_of
from undertow.lab.interventions.site import AbstractRuntime, Compiled

KINDS: dict[str, Kind] = {
    "Convolution": "conv2d",
    "GroupConvolution": "conv2d",
    "FullyConnected": "linear",
    "MatMul": "linear",
}
LAYERS = {"LSTMSequence", "GRUSequence", "RNNSequence", "LSTMCell", "GRUCell", "RNNCell"}
PARTS = {"RNNSeq", "RNNCell"}
"""Recurrent layers in a model, and what the plugin runs of them."""
INTEGERS = {"i8", "u8"}
SETTINGS = {
    "INFERENCE_NUM_THREADS": 1,
    "NUM_STREAMS": 1,
    "INFERENCE_PRECISION_HINT": "f32",
    "ENABLE_CPU_PINNING": False,
}
"""One thread; what is not int8 stays float32 also where the processor would offer bfloat16."""


@dataclass(frozen=True)
class OpenVINOStaticInt8(AbstractRuntime):
    """NNCF's ``quantize``, the quantizer that OpenVINO documents, on OpenVINO's own conversion of
    the model, run by OpenVINO's CPU plugin: int8 weights with one scale per output channel, 8-bit
    activations with one range per tensor (the mean over calibration images of each image's least
    and greatest value, so that rare peaks are cut off).

    Convolutions and linear layers run in integers, and pooling and sums between them where the
    plugin can. A batch norm right after a convolution is folded into it first; any other is
    float32. Logits stay float32.

    ``bias_correction`` (NNCF's default) shifts biases until each layer's mean output on the
    calibration images is what it was. ``exact_sums`` gives all weights 7 bits of the 8, which keeps
    sums of two products within 16 bits on processors without VNNI (AVX2), so that answers are the
    same everywhere; NNCF's own default does so in the first layer alone.

    Against ``WeightQuantization(bits=8)``: activations are rounded and cut off, weights have 7
    bits, biases move, norms are folded before weights are rounded. 1911.05248's fixed-point int8
    arm also fixes ranges on a representative set, with another engine.

    OpenVINO reports its use over the network by default; here it is loaded without that part.
    Answers do not depend on the batch, to the bit. ``NoEffectError`` without a convolution or
    linear layer; ``UserError`` without openvino, nncf or images.
    """

    bias_correction: bool = True
    exact_sums: bool = True

    def compile(self, model: nn.Module, calibration_x_NCHW: torch.Tensor) -> Compiled:
        with quiet(), unreported():
            openvino, _ = needed(self, "openvino", "nncf")
            images = calibration(self, calibration_x_NCHW, 1)
            # The converted model shares memory with the one it was made from, so it gets one of its
            # own.
            plain = openvino.convert_model(
                copy.deepcopy(model).eval(),
                example_input=torch.zeros(2, *calibration_x_NCHW.shape[1:]),
                input=[-1, *calibration_x_NCHW.shape[1:]],
            )
            return self.of_model(plain, images)

    def of_model(self, plain: Any, images: Sequence[torch.Tensor]) -> Compiled:
        """The same of a model of OpenVINO's, which takes ``images`` batch by batch."""
        with quiet(), unreported():
            openvino, nncf = needed(self, "openvino", "nncf")
            integer = nncf.quantize(
                plain,
                nncf.Dataset([x_BCHW.numpy() for x_BCHW in images]),
                subset_size=len(images),
                advanced_parameters=self._advanced(max(map(len, images)) > 1),
            )
            compiled = openvino.Core().compile_model(integer, "CPU", SETTINGS)
            effect = effect_of(self, _operators(integer, compiled.get_runtime_model()))

        def logits(x_BCHW: torch.Tensor) -> torch.Tensor:
            return torch.from_numpy(compiled([x_BCHW.contiguous().numpy()])[0])

        return Compiled(logits, effect)

    def _advanced(self, batches: bool) -> Any:
        """Ranges are the mean over images, also where a model takes them in ``batches`` alone: NNCF
        knows that of a data loader, and takes an array for one image."""
        (parameters,) = needed(self, "nncf.quantization.advanced_parameters")
        fix = parameters.OverflowFix
        return parameters.AdvancedQuantizationParameters(
            overflow_fix=fix.ENABLE if self.exact_sums else fix.FIRST_LAYER,
            disable_bias_correction=not self.bias_correction,
            batchwise_statistics=batches,
        )


@contextmanager
def unreported() -> Iterator[None]:
    """OpenVINO and NNCF run without the package that reports, as they do where it is not
    installed."""
    package = "openvino_telemetry"
    if package in sys.modules:  # Somebody loaded it before us, and decided about this.
        yield
        return
    loaded: dict[str, Any] = sys.modules
    loaded[package] = None  # As Python marks what must not be imported.
    try:
        yield
    finally:
        del loaded[package]


def _operators(integer: Any, run: Any) -> list[Operator]:
    """Operators and their number types are read from what the plugin runs, codes from the model
    that it was given; constants keep their names between the two."""
    stored = {
        node.get_friendly_name(): node
        for node in integer.get_ops()
        if node.get_type_name() == "Constant"
    }
    found = []
    for node in run.get_ordered_ops():
        kind = KINDS.get(_fact(node, "layerType"))
        if kind is None:
            continue
        weight = node.input_value(1).get_node()
        while weight.get_input_size():  # Past changes of layout.
            weight = weight.input_value(0).get_node()
        whole = {_fact(node, "runtimePrecision"), _fact(weight, "runtimePrecision")} <= INTEGERS
        name = weight.get_friendly_name()
        found.append(Operator(kind, name, stored[name].data if whole else None))
    return [*found, *_recurrent(integer, run)]


def _recurrent(integer: Any, run: Any) -> list[Operator]:
    """Recurrent layers as the model has them: the plugin runs the two directions of one apart, and
    cuts its weights up for that. They run in integers where all of what it runs of them does."""
    layers = [node for node in integer.get_ops() if node.get_type_name() in LAYERS]
    parts = [node for node in run.get_ordered_ops() if _fact(node, "layerType") in PARTS]
    whole = all(_fact(node, "runtimePrecision") in INTEGERS for node in parts)
    return [
        Operator("recurrent", node.get_friendly_name(), _codes(node) if whole else None)
        for node in layers
    ]


def _codes(layer: Any) -> Any:
    """Of its weights of inputs and of states: the matrices of integers among what it reads."""
    found = []
    for place in range(layer.get_input_size()):
        node = layer.input_value(place).get_node()
        while node.get_input_size():  # Past what turns them into floating point.
            node = node.input_value(0).get_node()
        held = node.data if node.get_type_name() == "Constant" else np.zeros(0)
        if held.ndim == 3 and np.issubdtype(held.dtype, np.integer):
            found.append(held.ravel())
    return np.concatenate(found) if found else None


def _fact(node: Any, name: str) -> str:
    value: str = node.get_rt_info()[name].astype(str)
    return value
