"""A depthwise-separable convolution: one filter for each channel, then a mixture of channels in
each pixel (Xception, 1610.02357; MobileNets, 1704.04861)."""

from __future__ import annotations

from torch import nn

from undertow.lab.lottery.ideas.idea import Idea, Side

PIXELS = (8, 8)


def separable(channels: int, outputs: int) -> nn.Module:
    """3 × 3 within channels, then 1 × 1 across them."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
        nn.Conv2d(channels, outputs, 1),
    )


def plain(channels: int) -> nn.Module:
    """3 × 3, as many channels out as in."""
    return nn.Conv2d(channels, channels, 3, padding=1)


PLAIN = Side("a plain 3 × 3 convolution, 64 to 64 channels", lambda: plain(64), (64, *PIXELS))
SEPARABLE = Idea(
    "depthwise-separable",
    Side(
        "a depthwise-separable 3 × 3 convolution, 160 to 224 channels",
        lambda: separable(160, 224),
        (160, *PIXELS),
    ),
    PLAIN,
)
