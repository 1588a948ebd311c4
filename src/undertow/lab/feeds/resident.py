"""A data set as tensors that stay where training happens, normalised once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl
import torch
from torch import Tensor

from undertow.lab.data.dataset import Splits, empty_like
from undertow.lab.data.lazy import Images


@dataclass(frozen=True, eq=False)
class Resident:
    """Images of zero mean and unit spread per channel by the data set's own figures, channels last;
    labels int64.

    The trainer reads it through the methods alone, so data that do not fit can come from elsewhere
    (``streamed``).
    """

    train_x_NCHW: Tensor
    train_y_N: Tensor
    test_x_NCHW: Tensor
    test_y_N: Tensor
    black_C: Tensor
    """What a black pixel is after normalisation."""
    white_C: Tensor
    """What a white pixel is."""
    classes: int
    held_out_x_NCHW: Tensor
    held_out_y_N: Tensor
    train_slices: pl.DataFrame = field(default_factory=pl.DataFrame)
    held_out_slices: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def shape_CHW(self) -> tuple[int, int, int]:
        _, C, H, W = self.train_x_NCHW.shape
        return C, H, W

    @property
    def device(self) -> torch.device:
        return self.train_x_NCHW.device

    @property
    def dtype(self) -> torch.dtype:
        return self.train_x_NCHW.dtype

    def plan_epoch(self, order_N: Tensor, batch: int) -> None:
        """The training examples of the coming epoch, in order: nothing to prepare, all are here."""

    def train_batch(self, index_B: Tensor) -> Tensor:
        """The images (B, C, H, W) of these training examples, as they are: no augmentation."""
        # index_select would bring the channels to the front in memory; rows of (H, W, C) are copied
        # whole
        return self.train_x_NCHW.permute(0, 2, 3, 1).index_select(0, index_B).permute(0, 3, 1, 2)

    def test_batches(self, size: int) -> Iterator[Tensor]:
        """The test part in its order, ``size`` images at a time; the last batch may be short."""
        return iter(torch.split(self.test_x_NCHW, size))

    def held_out_batches(self, size: int) -> Iterator[Tensor]:
        """The held-out part likewise."""
        held_out = self.held_out_x_NCHW
        return iter(torch.split(held_out, size) if len(held_out) else ())


def resident(
    splits: Splits, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Resident:
    """Move both parts of a data set to ``device``. Normalisation is in float32 whatever ``dtype``,
    so a float64 training sees the same pixels."""
    mean_C, std_C = torch.tensor(splits.mean), torch.tensor(splits.std)
    held_out = splits.held_out or empty_like(splits.train)

    def normalised(x_NCHW: Images) -> Tensor:
        scaled = torch.from_numpy(x_NCHW[:]).to(torch.float32).div_(255)
        scaled = scaled.sub_(mean_C[:, None, None]).div_(std_C[:, None, None])
        return scaled.to(device, dtype, memory_format=torch.channels_last)

    return Resident(
        train_x_NCHW=normalised(splits.train.x_NCHW),
        train_y_N=torch.from_numpy(splits.train.label_N).to(device),
        test_x_NCHW=normalised(splits.test.x_NCHW),
        test_y_N=torch.from_numpy(splits.test.label_N).to(device),
        black_C=(-mean_C / std_C).to(device, dtype),
        white_C=((1 - mean_C) / std_C).to(device, dtype),
        classes=len(splits.classes),
        held_out_x_NCHW=normalised(held_out.x_NCHW),
        held_out_y_N=torch.from_numpy(held_out.label_N).to(device),
        train_slices=splits.train.slices,
        held_out_slices=held_out.slices,
    )
