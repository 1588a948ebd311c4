"""Linear layers in int8 by torch's own older kernels, which torch has marked for removal."""

from __future__ import annotations

import copy
import warnings

import torch
from torch import nn

from undertow.errors import NoEffectError
from undertow.lab.lottery.built import Built, CannotRun, bytes_held, of_module


@torch.no_grad()
def in_torch_int8(network: nn.Module) -> Built:
    """``torch.ao.quantization.quantize_dynamic``: int8 weights with one scale for each layer, and
    inputs of a layer rounded to 8 bits by the range of the batch. ``CannotRun`` where torch has no
    kernels for it, or has dropped them."""
    layers = [name for name, layer in network.named_modules() if type(layer) is nn.Linear]
    if not layers:
        raise NoEffectError("it has no linear layers")
    quantize = getattr(getattr(torch.ao, "quantization", None), "quantize_dynamic", None)
    if quantize is None or torch.backends.quantized.engine in ("", "none"):
        raise CannotRun("this torch has no kernels of its own for dynamic int8")
    with warnings.catch_warnings():  # that it will be removed
        warnings.simplefilter("ignore")
        changed = quantize(copy.deepcopy(network).eval(), {nn.Linear}, dtype=torch.qint8)
        held = sum(_bytes(changed.get_submodule(name)) for name in layers)
    plain = sum(isinstance(layer, nn.Conv2d) for layer in changed.modules())
    size = bytes_held(network) - sum(bytes_held(network.get_submodule(n)) for n in layers) + held
    made = of_module(changed, "partly native" if plain else "native", int8=len(layers))
    note = f"{plain} of {plain + len(layers)} operators stay float32" if plain else ""
    return Built(
        made.logits, size, made.status, note, {"int8": len(layers), "float32": plain}, changed
    )


def _bytes(layer: nn.Module) -> int:
    """A byte for each weight; the bias stays float32."""
    bias = layer.bias()  # type: ignore[operator]
    return int(layer.weight().numel()) + (0 if bias is None else 4 * int(bias.numel()))  # type: ignore[operator]
