"""The corruptions of ImageNet-C that need no photographs, with the constants of CIFAR-10-C.

Source: Hendrycks and Dietterich 2019 (1903.12261); the constants are those of the authors'
``make_cifar_c.py`` for 32 × 32 pixels, read there, and are used at any size. The functions are
written anew after that file; each says where it rests on memory of a library that the file calls.
Left out are glass and zoom blur, elastic transformation, spatter and saturation; frost, which needs
photographs; and snow, which needs ImageMagick. A function takes images in [0, 1] and gives images
that may leave it: they are clipped and rounded once, at the end, where the published code cuts
decimals off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.lab.data.corruptions.blur import defocus_blur, gaussian_blur, motion_blur
from undertow.lab.data.corruptions.fog import fog
from undertow.lab.data.corruptions.pixel_noise import (
    gaussian_noise,
    impulse_noise,
    shot_noise,
    speckle_noise,
)
from undertow.lab.data.corruptions.resampled import jpeg_compression, pixelate
from undertow.lab.data.corruptions.tone import brightness, contrast

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Corruption:
    """One family. ``change`` takes images (N, C, H, W) in [0, 1], the constant of a severity, and a
    generator per image (none where nothing is drawn)."""

    change: Callable[[Floats, Any, Sequence[np.random.Generator]], Floats]
    constants: tuple[Any, Any, Any, Any, Any]
    """By severity, 1 to 5."""
    draws: bool = False
    """Whether anything is drawn."""


SEVERITIES = (1, 2, 3, 4, 5)

CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": Corruption(gaussian_noise, (0.04, 0.06, 0.08, 0.09, 0.10), True),
    "shot_noise": Corruption(shot_noise, (500, 250, 100, 75, 50), True),
    "impulse_noise": Corruption(impulse_noise, (0.01, 0.02, 0.03, 0.05, 0.07), True),
    "speckle_noise": Corruption(speckle_noise, (0.06, 0.10, 0.12, 0.16, 0.20), True),
    "gaussian_blur": Corruption(gaussian_blur, (0.4, 0.6, 0.7, 0.8, 1.0)),
    "defocus_blur": Corruption(
        defocus_blur, ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1))
    ),
    "motion_blur": Corruption(
        motion_blur, ((6, 1.0), (6, 1.5), (6, 2.0), (8, 2.0), (9, 2.5)), True
    ),
    "fog": Corruption(fog, ((0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75)), True),
    "brightness": Corruption(brightness, (0.05, 0.10, 0.15, 0.20, 0.30)),
    "contrast": Corruption(contrast, (0.75, 0.50, 0.40, 0.30, 0.15)),
    "pixelate": Corruption(pixelate, (0.95, 0.90, 0.85, 0.75, 0.65)),
    "jpeg_compression": Corruption(jpeg_compression, (80, 65, 58, 50, 40)),
}
