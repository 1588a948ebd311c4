"""Which variants there are of a model, by what it is: a torch module or an ONNX file."""

from __future__ import annotations

import torch
from torch import nn

from undertow.lab.lottery.onnx_file import OnnxFile, opened
from undertow.lab.lottery.onnx_variants import onnx_variants
from undertow.lab.lottery.variants import Variant, variants
from undertow.lab.ways.given_model import is_onnx, model_named
from undertow.lab.ways.state import changed_for_a_lottery

SPARSITY, CHANNELS = 0.9, 0.5
"""What is pruned and kept unless somebody says otherwise."""


def variants_for(
    model: str, sparsity: float = SPARSITY, channels_kept: float = CHANNELS
) -> list[Variant]:
    """All that may be run of a model of this name, the reference first."""
    return onnx_variants() if is_onnx(model) else variants(sparsity, channels_kept)


def network_of(name: str) -> tuple[nn.Module | OnnxFile, list[str]]:
    """The model, ready for its variants, and sentences on what was changed in it for that. A
    person's own code runs here, and none of a file's."""
    if is_onnx(name):
        return opened(name), []
    network = model_named(name)
    assert isinstance(network, nn.Module)
    changed = changed_for_a_lottery(name, network)
    return network.to("cpu", torch.float32).eval(), changed
