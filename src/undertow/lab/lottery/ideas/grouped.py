"""A convolution whose channels are mixed in groups alone (AlexNet; ResNeXt, 1611.05431)."""

from __future__ import annotations

from torch import nn

from undertow.lab.lottery.ideas.idea import Idea, Side
from undertow.lab.lottery.ideas.separable import PIXELS, PLAIN

GROUPED = Idea(
    "grouped",
    Side(
        "a 3 × 3 convolution of 256 channels in 16 groups",
        lambda: nn.Conv2d(256, 256, 3, padding=1, groups=16),
        (256, *PIXELS),
    ),
    PLAIN,
)
