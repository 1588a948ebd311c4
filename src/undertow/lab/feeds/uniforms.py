"""Uniform numbers that belong to (seed, example): the same on every device, in any batch and in any
order, with no generator to keep."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_STEP, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
BITS = 24
"""Of each number: as many as a float32 holds, so that all number types have the same numbers."""


def uniforms(seeds: Sequence[int], index_B: Tensor, count: int) -> Tensor:
    """``count`` numbers in [0, 1) for each example: (B, count) for one seed, (M, B, count) for M
    seeds and indices (M, B).

    The outputs of SplitMix64 (Steele et al. 2014) started at ``seed``, of which example i has the
    ``count`` numbers from i · ``count`` on. Float64.
    """
    seed_M = torch.tensor([_signed(seed) for seed in seeds], device=index_B.device)
    seed = seed_M[0] if index_B.ndim == 1 else seed_M[:, None, None]
    place = index_B[..., None] * count + torch.arange(1, count + 1, device=index_B.device)
    z = seed + place * _signed(_STEP)  # whole numbers of 64 bits wrap, as they should
    z = (z ^ _shifted(z, 30)) * _signed(_FIRST)
    z = (z ^ _shifted(z, 27)) * _signed(_SECOND)
    z = z ^ _shifted(z, 31)
    return _shifted(z, 64 - BITS).to(torch.float64) / (1 << BITS)


def _shifted(z: Tensor, bits: int) -> Tensor:
    """To the right, with zeros coming in from the left."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _signed(word: int) -> int:
    """The 64 bits of a whole number as torch counts them."""
    return (word + (1 << 63)) % (1 << 64) - (1 << 63)
