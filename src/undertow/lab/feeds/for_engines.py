"""Images as engines want them, and those that they may calibrate on."""

from __future__ import annotations

import torch
from torch import Tensor

from undertow.lab.feeds.feed import Feed

CALIBRATION = 512
"""How many training images an engine may look at: the first ones, without augmentation."""


def for_engines(x_NCHW: Tensor) -> Tensor:
    """float32 on the CPU, channels first in memory too."""
    return x_NCHW.to("cpu", torch.float32).contiguous(memory_format=torch.contiguous_format)


def calibration_images(data: Feed) -> Tensor:
    """All of the training part where it has fewer than ``CALIBRATION``."""
    first_B = torch.arange(min(CALIBRATION, len(data.train_y_N)), device=data.device)
    return for_engines(data.train_batch(first_B))
