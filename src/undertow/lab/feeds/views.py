"""Random changes to the pictures of a whole batch, from which contrastive trainings make two views
of each example.

Each is a pure function of pictures in [0, 1] and of uniform numbers, of which it wants ``numbers``
for each picture. So a view is a function of whoever draws these numbers, and nothing is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""How bright red, green and blue are (ITU-R BT.601, as Pillow and torchvision weigh them)."""


class Augmentation(Protocol):
    """A frozen description whose ``repr`` evaluates back to an equal object."""

    numbers: ClassVar[int]
    """How many uniform numbers a picture takes."""

    def changed(self, x_BCHW: Tensor, u_BK: Tensor) -> Tensor:
        """Pictures in [0, 1] changed by numbers in [0, 1), each picture by its own alone."""
        ...


def view_of(
    x_BCHW: Tensor,
    u_BK: Tensor,
    augmentations: Sequence[Augmentation],
    black_C: Tensor,
    white_C: Tensor,
) -> Tensor:
    """Normalised images as ``augmentations`` change them in their order; black and white are what
    normalisation made of 0 and 1."""
    if not augmentations:
        return x_BCHW
    black, range_ = black_C[:, None, None], (white_C - black_C)[:, None, None]
    x_BCHW, first = (x_BCHW - black) / range_, 0
    for augmentation in augmentations:
        own = u_BK[:, first : first + augmentation.numbers]
        x_BCHW, first = augmentation.changed(x_BCHW, own), first + augmentation.numbers
    # a clone, since what has one channel passes for channels last whatever its strides say, and
    # layers that draw follow the strides
    return (x_BCHW * range_ + black).clone(memory_format=torch.channels_last)


def numbers(augmentations: Sequence[Augmentation]) -> int:
    """How many uniform numbers a picture takes for all of them."""
    return sum(augmentation.numbers for augmentation in augmentations)


@dataclass(frozen=True)
class ResizedCrop:
    """A window of ``scale`` of the area, its width ``ratio`` times its height, enlarged to the
    picture's size (bilinear).

    Area and the logarithm of the ratio are uniform, sides and place are whole pixels, as in
    torchvision. Departs from it where a window does not fit: its sides are cut to the picture's,
    where torchvision draws again.
    """

    scale: tuple[float, float] = (0.2, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)

    numbers: ClassVar[int] = 4

    def __post_init__(self) -> None:
        _check_range(self, "scale", self.scale, most=1.0)
        _check_range(self, "ratio", self.ratio)

    def changed(self, x_BCHW: Tensor, u_BK: Tensor) -> Tensor:
        """Each picture's window."""
        _, _, H, W = x_BCHW.shape
        top_B, left_B, high_B, wide_B = self.windows(u_BK, H, W)
        rows = _enlarging(top_B, high_B, H).to(x_BCHW.dtype)
        columns = _enlarging(left_B, wide_B, W).to(x_BCHW.dtype)
        return _along_both(x_BCHW, rows, columns)

    def windows(self, u_BK: Tensor, H: int, W: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Top, left, height and width (B,), in pixels."""
        area_B = _between(u_BK[:, 0], *self.scale) * (H * W)
        ratio_B = _between(u_BK[:, 1], *map(math.log, self.ratio)).exp()
        high_B = (area_B / ratio_B).sqrt().round().clamp(1, H)
        wide_B = (area_B * ratio_B).sqrt().round().clamp(1, W)
        top_B = (u_BK[:, 2] * (H - high_B + 1)).floor()
        left_B = (u_BK[:, 3] * (W - wide_B + 1)).floor()
        return top_B, left_B, high_B, wide_B


@dataclass(frozen=True)
class Flip:
    """Left and right change sides in a ``share`` of the pictures."""

    share: float = 0.5

    numbers: ClassVar[int] = 1

    def __post_init__(self) -> None:
        _check_share(self, self.share)

    def changed(self, x_BCHW: Tensor, u_BK: Tensor) -> Tensor:
        """Mirrored where the number is below the share."""
        return torch.where(_where(u_BK, self.share), x_BCHW.flip(3), x_BCHW)


@dataclass(frozen=True)
class Jitter:
    """Brightness, contrast, saturation and hue of a ``share`` of the pictures, in this order.

    The first three are multiplied by a factor in 1 ± the given number (at least 0), and what leaves
    [0, 1] is cut; hue turns by up to ± ``hue`` of a whole turn. As in torchvision, but for the
    order, which is drawn there. Without three channels there is neither saturation nor hue.
    """

    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4
    hue: float = 0.1
    share: float = 0.8

    numbers: ClassVar[int] = 5

    def __post_init__(self) -> None:
        _check_share(self, self.share)
        if min(self.brightness, self.contrast, self.saturation) < 0 or not 0 <= self.hue <= 0.5:
            raise ValueError(f"{self!r}: numbers are 0 or more, and hue is at most 0.5")

    def changed(self, x_BCHW: Tensor, u_BK: Tensor) -> Tensor:
        """All four where the first number is below the share."""
        spans = (self.brightness, self.contrast, self.saturation)
        bright, contrast, saturation = (
            _between(u_BK[:, k], max(0.0, 1 - span), 1 + span).to(x_BCHW.dtype)[:, None, None, None]
            for k, span in enumerate(spans, start=1)
        )
        turn_B = _between(u_BK[:, 4], -self.hue, self.hue).to(x_BCHW.dtype)
        jittered = (x_BCHW * bright).clamp(0, 1)
        mean = grey(jittered).mean((2, 3), keepdim=True)
        jittered = (mean + contrast * (jittered - mean)).clamp(0, 1)
        if x_BCHW.shape[1] == len(LUMA):
            light = grey(jittered)
            jittered = (light + saturation * (jittered - light)).clamp(0, 1)
            jittered = hue_turned(jittered, turn_B)
        return torch.where(_where(u_BK, self.share), jittered, x_BCHW)


@dataclass(frozen=True)
class Greyscale:
    """No colour in a ``share`` of the pictures: their luma in all three channels, or the mean of
    channels where they are not three."""

    share: float = 0.2

    numbers: ClassVar[int] = 1

    def __post_init__(self) -> None:
        _check_share(self, self.share)

    def changed(self, x_BCHW: Tensor, u_BK: Tensor) -> Tensor:
        """Grey where the number is below the share."""
        return torch.where(_where(u_BK, self.share), grey(x_BCHW), x_BCHW)


@dataclass(frozen=True)
class Blur:
    """A Gaussian over a ``share`` of the pictures, its deviation uniform in ``sigma`` pixels
    (2002.05709: 0.1 to 2).

    Departs from the published code: the Gaussian is not cut off at a tenth of the picture, and at
    the border it is over what is inside, which is not mirrored.
    """

    sigma: tuple[float, float] = (0.1, 2.0)
    share: float = 0.5

    numbers: ClassVar[int] = 2

    def __post_init__(self) -> None:
        _check_share(self, self.share)
        _check_range(self, "sigma", self.sigma)

    def changed(self, x_BCHW: Tensor, u_BK: Tensor) -> Tensor:
        """Blurred where the first number is below the share."""
        sigma_B = _between(u_BK[:, 1], *self.sigma)
        rows, columns = (_gaussian(sigma_B, size).to(x_BCHW.dtype) for size in x_BCHW.shape[2:])
        blurred = _along_both(x_BCHW, rows, columns)
        return torch.where(_where(u_BK, self.share), blurred, x_BCHW)


def grey(x_BCHW: Tensor) -> Tensor:
    """(B, 1, H, W): luma of three channels, else their mean."""
    if x_BCHW.shape[1] != len(LUMA):
        return x_BCHW.mean(1, keepdim=True)
    weight_C = torch.tensor(LUMA, dtype=x_BCHW.dtype, device=x_BCHW.device)
    return (x_BCHW * weight_C[:, None, None]).sum(1, keepdim=True)


def hue_turned(x_BCHW: Tensor, turn_B: Tensor) -> Tensor:
    """Red, green and blue with their hue turned by this part of a whole turn; value and saturation
    stay (the HSV of ``colorsys``)."""
    red, green, blue = x_BCHW.unbind(1)
    value, range_ = x_BCHW.amax(1), x_BCHW.amax(1) - x_BCHW.amin(1)
    per = torch.where(range_ == 0, torch.ones_like(range_), range_)
    sixth = torch.where(
        value == red,
        (green - blue) / per,
        torch.where(value == green, 2 + (blue - red) / per, 4 + (red - green) / per),
    )
    sixth = sixth + 6 * turn_B[:, None, None]
    channels = []
    for start in (5, 3, 1):
        k = (start + sixth) % 6
        channels.append(value - range_ * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(channels, dim=1)


def _enlarging(first_B: Tensor, length_B: Tensor, size: int) -> Tensor:
    """(B, ``size``, ``size``): how much each of ``size`` new pixels has of each old one, where
    ``length`` old ones from ``first`` on become all. Linear between their middles."""
    pixel = torch.arange(size, device=first_B.device, dtype=first_B.dtype)
    middle = (pixel + 0.5) * length_B[:, None] / size - 0.5
    middle = first_B[:, None] + torch.minimum(middle.clamp(min=0), length_B[:, None] - 1)
    return (1 - (middle[:, :, None] - pixel).abs()).clamp(min=0)


def _gaussian(sigma_B: Tensor, size: int) -> Tensor:
    """(B, ``size``, ``size``): how much each new pixel has of each old one; all of one are 1."""
    pixel = torch.arange(size, device=sigma_B.device, dtype=sigma_B.dtype)
    far = (pixel[:, None] - pixel) / sigma_B[:, None, None]
    return (-far.square() / 2).softmax(-1)


def _along_both(x_BCHW: Tensor, rows_BHH: Tensor, columns_BWW: Tensor) -> Tensor:
    """Each picture's rows and columns mixed anew."""
    return rows_BHH[:, None] @ x_BCHW @ columns_BWW[:, None].mT


def _between(u_B: Tensor, low: float, high: float) -> Tensor:
    return low + u_B * (high - low)


def _where(u_BK: Tensor, share: float) -> Tensor:
    return (u_BK[:, 0] < share)[:, None, None, None]


def _check_share(what: Augmentation, share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"{what!r}: share is from 0 to 1")


def _check_range(
    what: Augmentation, name: str, found: tuple[float, float], most: float = math.inf
) -> None:
    low, high = found
    if not 0 < low <= high <= most:
        upto = f", of at most {most:g}" if most < math.inf else ""
        raise ValueError(f"{what!r}: {name} is two numbers above 0{upto}, the smaller one first")
