"""Writes pixels as PNG with the standard library alone, as an installation for audits has no
library for pictures."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG's number of a colour type by how many channels it has: grey, grey with alpha, RGB, RGBA."""


def png_of(pixels_HWC: NDArray[np.uint8]) -> bytes:
    """A PNG of these pixels; of 1 to 4 channels."""
    height, width, channels = pixels_HWC.shape
    head = struct.pack(">IIBBBBB", width, height, 8, COLOURS[channels], 0, 0, 0)
    flat = np.ascontiguousarray(pixels_HWC).reshape(height, width * channels)
    rows = np.pad(flat, ((0, 0), (1, 0)))  # Each row begins with the number of its filter: none.
    data = zlib.compress(rows.tobytes())
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", data), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
