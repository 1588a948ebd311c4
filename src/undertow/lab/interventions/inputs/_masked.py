"""A recipe's crops and flips for some of the examples."""

from __future__ import annotations

import torch
from torch import Tensor

from undertow.lab.feeds.augment import Augments, Draws, augmented
from undertow.lab.feeds.batches import Batch
from undertow.lab.trainings.training import Given


class MaskedCrops:
    """Those that a recipe would draw, for the examples of a mask (M, N); all others are left as
    they are."""

    def __init__(self, by: Augments, given: Given) -> None:
        self.by, self.given = by, given
        self._draws: Draws | None = None

    def plan(self, mask_MN: Tensor, epoch: int) -> None:
        """Draw an epoch's. Members' draws lie one behind the other."""
        self._draws = None
        if mask_MN.any():
            when = (epoch, mask_MN.shape[-1], self.by.crop, torch.device("cpu"))
            draws_M = [Draws.of_epoch(seeds["augment"], *when) for seeds in self.given.seeds_M]
            drawn = Draws.together(draws_M, mask_MN.device)
            self._draws = drawn and drawn.only(mask_MN.flatten(), self.by.crop)

    def changed(self, batch: Batch) -> Batch:
        """The masked ones of a batch cropped and mirrored."""
        if self._draws is None:
            return batch
        by, black_C = self.by, self.given.data.black_C
        if not self.given.together:
            images = augmented(batch.x_BCHW, batch.index_B, self._draws, by, black_C)
            return batch._replace(x_BCHW=images)
        M, N, x_MBCHW = len(self.given.models), len(self.given.data.train_y_N), batch.x_BCHW
        if x_MBCHW.ndim == 4:  # members share images, which differ from here on
            x_MBCHW = x_MBCHW.expand(M, *x_MBCHW.shape)
        row_M1 = torch.arange(M, device=batch.index_B.device)[:, None] * N
        rows = (batch.index_B + row_M1).flatten()
        images = augmented(x_MBCHW.flatten(0, 1), rows, self._draws, by, black_C)
        return batch._replace(x_BCHW=images.reshape(x_MBCHW.shape))
