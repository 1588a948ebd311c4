"""A data set as tensors that stay where training happens, normalised once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from undertow.lab.data.dataset import Splits


@dataclass(frozen=True, eq=False)
class Resident:
    """Images float32, zero mean and unit spread per channel by the data set's own figures; labels int64."""

    train_x_NCHW: Tensor
    train_y_N: Tensor
    test_x_NCHW: Tensor
    test_y_N: Tensor
    black_C: Tensor
    """What a black pixel is after normalisation."""
    classes: int

    @property
    def shape_CHW(self) -> tuple[int, int, int]:
        _, C, H, W = self.train_x_NCHW.shape
        return C, H, W

    @property
    def device(self) -> torch.device:
        return self.train_x_NCHW.device


def resident(splits: Splits, device: torch.device | str = "cpu") -> Resident:
    """Move both parts of a data set to ``device``."""
    mean_C, std_C = torch.tensor(splits.mean), torch.tensor(splits.std)

    def normalised(x_NCHW: NDArray[np.uint8]) -> Tensor:
        scaled = torch.from_numpy(x_NCHW).to(torch.float32).div_(255)
        return scaled.sub_(mean_C[:, None, None]).div_(std_C[:, None, None]).to(device)

    return Resident(
        train_x_NCHW=normalised(splits.train.x_NCHW),
        train_y_N=torch.from_numpy(splits.train.label_N).to(device),
        test_x_NCHW=normalised(splits.test.x_NCHW),
        test_y_N=torch.from_numpy(splits.test.label_N).to(device),
        black_C=(-mean_C / std_C).to(device),
        classes=len(splits.classes),
    )
