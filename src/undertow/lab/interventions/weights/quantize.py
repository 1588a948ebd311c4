"""``WeightQuantization``: a trained member's weights, rounded to a few levels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from undertow.errors import NoEffectError
from undertow.lab.interventions.site import (
    AbstractWeights,
    Effect,
    Horizon,
    WeightsRun,
    weight_layers,
)

FLOAT_BITS = 32


def symmetric_codes(weight: Tensor, bits: int, per_channel: bool = True) -> tuple[Tensor, Tensor]:
    """Whole numbers in ``[-(2**(bits-1) - 1), 2**(bits-1) - 1]`` and the scale (one per row of axis
    0, or one).

    The largest magnitude gets the largest code and everything is rounded to the nearest; no search
    for a better clipping point. Scales keep 16 significant bits, so that code times scale is exact
    in float32 and quantizing twice gives the same bytes; this moves a level by at most 2**-17 of
    itself.
    """
    top = 2 ** (bits - 1) - 1
    rows = weight.detach().reshape(weight.shape[0] if per_channel else 1, -1)
    scale = _shorten(rows.abs().amax(dim=1, keepdim=True) / top)
    codes = torch.round(rows / torch.where(scale == 0, torch.ones_like(scale), scale)).clamp(
        -top, top
    )
    return codes.reshape(weight.shape), scale


def _shorten(scale: Tensor) -> Tensor:
    """Round positive numbers to 16 significant bits: of a float32's 24, the last 8 are cleared."""
    bits = scale.float().contiguous().view(torch.int32)
    return ((bits + 128) & -256).view(torch.float32).to(scale.dtype)


def quantize_symmetric(weight: Tensor, bits: int, per_channel: bool = True) -> Tensor:
    """The weight on its quantization levels, in its own dtype and shape; 32 bits give it back
    unchanged."""
    if bits >= FLOAT_BITS:
        return weight.detach().clone()
    codes, scale = symmetric_codes(weight, bits, per_channel)
    rows = codes.reshape(scale.shape[0], -1)
    return (rows * scale).reshape(weight.shape)


@dataclass(frozen=True)
class WeightQuantization(AbstractWeights):
    """Weights alone, after training, symmetric, to ``bits`` (2 to 8), with one scale per output
    channel (axis 0).

    Matrices and filters; biases, norms and activations stay in floating point, so this is milder
    than the fixed-point arms of 1911.05248. The arithmetic stays float32 on the rounded values: it
    changes answers as an integer kernel would up to rounding of sums, and saves no time.
    ``bits=32`` changes nothing and raises ``NoEffectError``.
    """

    derives: ClassVar[bool] = True

    bits: int = 8
    per_channel: bool = True

    def __post_init__(self) -> None:
        if not (2 <= self.bits <= 8 or self.bits == FLOAT_BITS):
            raise ValueError(f"WeightQuantization(bits={self.bits!r}): choose 2 to 8")

    def start(self, model: nn.Module, horizon: Horizon) -> WeightsRun:
        return _Rounding(self, model)


class _Rounding(WeightsRun):
    def __init__(self, intervention: WeightQuantization, model: nn.Module) -> None:
        self.intervention, self.model = intervention, model

    def after_step(self, step: int) -> None:
        """Nothing: rounding happens once, at the end."""

    @torch.no_grad()
    def finish(self) -> Effect:
        """``levels`` is the number of different codes in use, ``bits`` what the largest code needs,
        ``relative_error`` the distance moved over the length of the weights (both Euclidean, over
        all layers)."""
        bits, per_channel = self.intervention.bits, self.intervention.per_channel
        changed, moved, length = 0, 0.0, 0.0
        seen: set[float] = set()
        for weight in weight_layers(self.model).values():
            rounded = quantize_symmetric(weight, bits, per_channel)
            changed += int((rounded != weight).sum())
            moved += float((rounded - weight).double().square().sum())
            length += float(weight.double().square().sum())
            if bits < FLOAT_BITS:
                seen |= set(
                    np.unique(symmetric_codes(weight, bits, per_channel)[0].cpu().numpy()).tolist()
                )
            weight.copy_(rounded)
        if changed == 0:
            raise NoEffectError(
                f"{self.intervention!r} moved no weight: all lie on its levels "
                "already; use fewer bits"
            )
        width = 1 + math.ceil(math.log2(max(map(abs, seen)) + 1))
        facts = {
            "bits": float(width),
            "levels": float(len(seen)),
            "relative_error": math.sqrt(moved / length),
        }
        return Effect(changed=changed, facts=facts)
