"""What files and screens do to images: fewer pixels, and JPEG. Both are Pillow's own, as in the
published code, an image at a time; where there are neither one nor three channels, a channel at a
time."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.floating[Any]]
Generators = Sequence[np.random.Generator]


def pixelate(x_NCHW: Floats, share: float, rng_N: Generators = ()) -> Floats:
    """Resized to ``share`` of each side, rounded down, and back, by Pillow's box filter."""
    H, W = x_NCHW.shape[2:]
    fewer = max(1, int(W * share)), max(1, int(H * share))
    box = Image.Resampling.BOX
    return _each(x_NCHW, lambda image: image.resize(fewer, box).resize((W, H), box))


def jpeg_compression(x_NCHW: Floats, quality: int, rng_N: Generators = ()) -> Floats:
    """Written as JPEG of this ``quality`` and read again. Its bytes are those of Pillow's libjpeg,
    so another build of it may give other pixels."""

    def packed(image: Image.Image) -> Image.Image:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        return Image.open(stream)

    return _each(x_NCHW, packed)


def _each(x_NCHW: Floats, change: Callable[[Image.Image], Image.Image]) -> Floats:
    N, C, H, W = x_NCHW.shape
    if C not in (1, 3):  # Pillow would take a channel for transparency
        return _each(x_NCHW.reshape(N * C, 1, H, W), change).reshape(N, C, H, W)
    pixels_NHWC = np.rint(x_NCHW.transpose(0, 2, 3, 1) * 255).astype(np.uint8)
    squeezed = pixels_NHWC[..., 0] if C == 1 else pixels_NHWC
    changed = np.stack([np.asarray(change(Image.fromarray(image))) for image in squeezed])
    return changed.reshape(pixels_NHWC.shape).transpose(0, 3, 1, 2) / 255
