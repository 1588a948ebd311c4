"""Images as bytes: encoding examples for a person to look at, decoding files into arrays."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from undertow.errors import UserError


def encode_png(x_NCHW: NDArray[np.uint8]) -> list[bytes]:
    """PNG bytes of each image, for the ``input`` column of a record.

    ``x_NCHW`` is uint8 with 1 (grey) or 3 (RGB) channels. The bytes carry no date, so equal images
    give equal bytes.
    """
    channels = x_NCHW.shape[1]
    if x_NCHW.dtype != np.uint8 or channels not in (1, 3):
        raise ValueError(
            f"x_NCHW has dtype {x_NCHW.dtype} and {channels} channels; PNG needs uint8 and 1 or 3"
        )
    return [_encode(image) for image in x_NCHW]


def decode_image(
    data: bytes, where: str, channels: int, size: tuple[int, int] | None
) -> NDArray[np.uint8]:
    """An encoded image as uint8 (C, H, W); resized to ``size`` (H, W) where that is given and
    differs.

    Raises ``UserError`` naming ``where`` if the bytes are no whole image.
    """
    try:
        with Image.open(io.BytesIO(data)) as opened:
            image = opened.convert("L" if channels == 1 else "RGB")
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as problem:
        # Pillow names its stream by memory address, which would make the message differ from run to
        # run.
        reason = "not a known image format" if "cannot identify" in str(problem) else str(problem)
        raise UserError(
            f"{where}: not a readable image ({reason}). Replace or remove it."
        ) from problem
    if size is not None and image.size != (size[1], size[0]):
        image = image.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def stack_images(images: list[NDArray[np.uint8]], wheres: list[str]) -> NDArray[np.uint8]:
    """One array (N, C, H, W) of images of equal size; ``UserError`` naming the first that
    differs."""
    for image, where in zip(images, wheres, strict=True):
        if image.shape != images[0].shape:
            raise size_differs(where, image.shape, wheres[0], images[0].shape)
    return np.stack(images)


def size_differs(
    where: str, shape: tuple[int, ...], first: str, first_shape: tuple[int, ...]
) -> UserError:
    """What is said of an image whose (C, H, W) is not that of the first."""
    (h, w), (h0, w0) = shape[1:], first_shape[1:]
    return UserError(
        f"{where}: {h} × {w} pixels, but {first} has {h0} × {w0}. Give size=({h0}, "
        f"{w0}) to resize all."
    )


def _encode(image_CHW: NDArray[np.uint8]) -> bytes:
    pixels = image_CHW[0] if image_CHW.shape[0] == 1 else image_CHW.transpose(1, 2, 0)
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, format="PNG", optimize=True)
    return stream.getvalue()
