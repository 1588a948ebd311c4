"""What the trainer asks of a data set, with images on the device (``resident``) or on disk
(``streamed``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import polars as pl
import torch
from torch import Tensor


class Feed(Protocol):
    """Normalised images on the device, by index."""

    @property
    def train_y_N(self) -> Tensor: ...
    @property
    def train_slices(self) -> pl.DataFrame:
        """The slices of the training part, a row per example; without rows where it has none."""
        ...

    @property
    def test_y_N(self) -> Tensor: ...
    @property
    def held_out_y_N(self) -> Tensor: ...
    @property
    def held_out_slices(self) -> pl.DataFrame:
        """The slices of the held-out part likewise."""
        ...

    @property
    def black_C(self) -> Tensor: ...
    @property
    def white_C(self) -> Tensor: ...
    @property
    def classes(self) -> int: ...
    @property
    def shape_CHW(self) -> tuple[int, int, int]: ...
    @property
    def device(self) -> torch.device: ...
    @property
    def dtype(self) -> torch.dtype: ...

    def plan_epoch(self, order_N: Tensor, batch: int) -> None:
        """Hear which training examples come next, in order, and how many at a time."""
        ...

    def train_batch(self, index_B: Tensor) -> Tensor:
        """The images (B, C, H, W) of these training examples, channels last, without
        augmentation."""
        ...

    def test_batches(self, size: int) -> Iterator[Tensor]:
        """The test part in its order."""
        ...

    def held_out_batches(self, size: int) -> Iterator[Tensor]:
        """The held-out part in its order; none where the data set has no such part."""
        ...
