"""Interventions on what runs a trained member: int8 engines as people deploy them. One file each.

All but torch's own need the extra ``engines``, and each imports its engine only when it compiles.
What a real engine does that ``WeightQuantization`` does not: activations are integers too, sums are
made of integer products, batch norms are folded into the convolution before them, and the answer
may depend on the processor (see ``exact_sums``).
"""

from undertow.lab.interventions.runtime.onnx_dynamic import OnnxDynamicInt8
from undertow.lab.interventions.runtime.onnx_static import OnnxStaticInt8
from undertow.lab.interventions.runtime.openvino_static import OpenVINOStaticInt8
from undertow.lab.interventions.runtime.pt2e_static import PT2EStaticInt8
from undertow.lab.interventions.runtime.torch_dynamic import TorchDynamicInt8
from undertow.lab.interventions.runtime.torchao_linear import TorchaoLinearInt8

__all__ = [
    "OnnxDynamicInt8",
    "OnnxStaticInt8",
    "OpenVINOStaticInt8",
    "PT2EStaticInt8",
    "TorchDynamicInt8",
    "TorchaoLinearInt8",
]
