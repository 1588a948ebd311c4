"""Linear layers whose weights are packed 4-bit integers, multiplied by torch's own kernel for
CPUs."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from undertow.lab.interventions.runtime._modules import kind_of
from undertow.lab.lottery.built import Built, CannotRun, of_module

GROUP = 32
"""Weights along a row that share a scale."""
ROWS = 16
"""Outputs come in multiples of this."""


class Int4Linear(nn.Module):
    """``w ≈ (q - 8) · scale + middle``, with q from 0 to 15 and one scale and middle for each group
    of a row."""

    packed: Tensor
    scales: Tensor
    bias: Tensor | None

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        code, scales = quantized(layer.weight.detach())
        packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(code, 1)
        self.register_buffer("packed", packed)
        self.register_buffer("scales", scales)
        self.register_buffer("bias", None if layer.bias is None else layer.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """(…, in) to (…, out)."""
        rows = x.reshape(-1, x.shape[-1])
        answer: Tensor = torch.ops.aten._weight_int4pack_mm_for_cpu(
            rows, self.packed, GROUP, self.scales
        )
        answer = answer if self.bias is None else answer + self.bias
        return answer.reshape(*x.shape[:-1], answer.shape[-1])


def quantized(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Codes (out, in) and, as the kernel wants them, scale and middle (in / GROUP, out, 2)."""
    rows, columns = weight.shape
    groups = weight.reshape(rows, columns // GROUP, GROUP)
    low, high = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    scale = ((high - low) / 15).clamp_min(1e-8)
    code = ((groups - low) / scale).round().clamp(0, 15)
    middle = low + 8 * scale
    pairs = torch.stack([scale[..., 0].t(), middle[..., 0].t()], -1).contiguous()
    return code.reshape(rows, columns).to(torch.int32), pairs


@torch.no_grad()
def in_int4(network: nn.Module) -> Built:
    """Linear layers with suitable sides; others stay float32."""
    changed = copy.deepcopy(network)
    count = {"int4": 0, "float32": 0}
    for name, layer in list(changed.named_modules()):
        if isinstance(layer, nn.Linear) and suits(layer):
            changed.set_submodule(name, Int4Linear(layer))
            count["int4"] += 1
        else:
            count["float32"] += kind_of(layer) is not None
    if not count["int4"]:
        raise CannotRun(
            f"no linear layer has inputs in multiples of {GROUP} and outputs in multiples of "
            f"{ROWS}, which the kernel needs"
        )
    plain = count["float32"]
    note = f"{plain} of {sum(count.values())} operators stay float32" if plain else ""
    return of_module(changed, "partly native" if plain else "native", note, **count)


def suits(layer: nn.Linear) -> bool:
    """Whether the kernel takes it."""
    return layer.in_features % GROUP == 0 and layer.out_features % ROWS == 0
