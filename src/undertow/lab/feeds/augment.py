"""Random crops and flips of whole batches, with draws that belong to (epoch, example), not to a
place in a batch.

All examples' draws of one epoch come from one generator seeded by (augment seed, epoch) and are
then indexed by example. So a member sees the same pixels whatever the order of its batches and
whatever runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from undertow.lab.recipe import Recipe


def generator(seed: int, epoch: int) -> torch.Generator:
    """The CPU generator of one stream in one epoch."""
    mixed = np.random.SeedSequence([seed, epoch]).generate_state(1, dtype=np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed >> np.uint64(1)))


def order_of_epoch(seed: int, epoch: int, examples: int, device: torch.device) -> Tensor:
    """All training examples in the order of this epoch."""
    return torch.randperm(examples, generator=generator(seed, epoch)).to(device)


@dataclass(frozen=True, eq=False)
class Draws:
    """One epoch's draws: whether each example is mirrored and where its window lies, in padded
    pixels."""

    mirrored_N: Tensor
    top_N: Tensor
    left_N: Tensor

    @classmethod
    def of_epoch(
        cls, seed: int, epoch: int, examples: int, crop: int, device: torch.device
    ) -> Draws:
        """Draw for all examples. All three are drawn always, so switching one off leaves the others
        as they were."""
        source = generator(seed, epoch)
        mirrored_N = torch.rand(examples, generator=source) < 0.5
        offset_N2 = torch.randint(0, 2 * crop + 1, (2, examples), generator=source)
        return cls(mirrored_N.to(device), offset_N2[0].to(device), offset_N2[1].to(device))

    @classmethod
    def together(cls, draws_M: Sequence[Draws], device: torch.device) -> Draws | None:
        """Those of several members, one member's behind the other's; None where there are none."""
        if not draws_M:
            return None
        parts = zip(*((d.mirrored_N, d.top_N, d.left_N) for d in draws_M), strict=True)
        return cls(*(torch.cat(part).to(device) for part in parts))

    def only(self, mask_N: Tensor, crop: int) -> Draws:
        """The same where ``mask_N``; elsewhere what leaves an image as it is: not mirrored, and the
        middle window."""
        return Draws(
            self.mirrored_N & mask_N,
            self.top_N.where(mask_N, crop),
            self.left_N.where(mask_N, crop),
        )


def draws_of_epoch(
    recipe: Recipe,
    seed: int,
    epoch: int,
    examples: int,
    device: torch.device,
) -> Draws | None:
    """The draws that the recipe needs; None where it needs none."""
    if not recipe.augments:
        return None
    return Draws.of_epoch(seed, epoch, examples, recipe.crop, device)


class Augments(Protocol):
    """Who says what is done: a recipe, or an intervention in its place."""

    @property
    def flip(self) -> bool:
        """Whether images are mirrored."""
        ...

    @property
    def crop(self) -> int:
        """By how many pixels they are padded before a window is cut."""
        ...


def augmented(
    x_BCHW: Tensor,
    index_B: Tensor,
    draws: Draws | None,
    by: Augments,
    black_C: Tensor,
) -> Tensor:
    """What is done to the training examples ``index_B`` in this epoch; nothing without draws."""
    if draws is None:
        return x_BCHW
    if by.flip:
        x_BCHW = flip(x_BCHW, draws.mirrored_N[index_B])
    if by.crop:
        x_BCHW = crop(x_BCHW, draws.top_N[index_B], draws.left_N[index_B], by.crop, black_C)
    return x_BCHW


def flip(x_BCHW: Tensor, mirrored_B: Tensor) -> Tensor:
    """Mirror left and right where ``mirrored_B``."""
    return torch.where(mirrored_B[:, None, None, None], x_BCHW.flip(3), x_BCHW)


def crop(x_BCHW: Tensor, top_B: Tensor, left_B: Tensor, pad: int, black_C: Tensor) -> Tensor:
    """Pad by ``pad`` black pixels and cut the window at (top, left), both in 0 … 2 ``pad``, ``pad``
    being the middle.

    ``black_C`` is what black became by normalisation: padding comes before it, as in the papers'
    code.
    """
    B, C, H, W = x_BCHW.shape
    padded = black_C[None, :, None, None].expand(B, C, H + 2 * pad, W + 2 * pad).clone()
    padded[:, :, pad : pad + H, pad : pad + W] = x_BCHW
    rows_BH = top_B[:, None] + torch.arange(H, device=x_BCHW.device)
    cols_BW = left_B[:, None] + torch.arange(W, device=x_BCHW.device)
    batch = torch.arange(B, device=x_BCHW.device)[:, None, None]
    # indexing by three arrays around a slice puts the channel axis last
    # (B, H, W, C) in memory, which is what channels last means
    return padded[batch, :, rows_BH[:, :, None], cols_BW[:, None, :]].permute(0, 3, 1, 2)
