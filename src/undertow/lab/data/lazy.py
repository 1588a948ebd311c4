"""Images that stay encoded, on disk, and are decoded when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.png import decode_image, size_differs

CHUNK_BYTES = 16_000_000
"""Decoded pixels that a pass over a whole part holds at a time."""

PIXELS_PER_THREAD = 4096
"""From this many pixels of an image on, one more thread decodes faster. About 80 µs of each image
are Python's, one image at a time whatever the threads; decoding 64 × 64 pixels takes as long again,
and that part runs side by side."""


class Encoded(Protocol):
    """Encoded images by row. ``read`` is called from several threads at once."""

    def __len__(self) -> int: ...

    def read(self, row: int) -> bytes:
        """The bytes of one image file. ``OSError`` where they cannot be had."""
        ...

    def where(self, row: int) -> str:
        """What a message calls this image."""
        ...


@dataclass(frozen=True, eq=False)
class LazyImages:
    """Like a uint8 array (N, C, H, W) that is only read: it has a shape and is indexed along its
    first axis.

    Every access decodes, and gives what the eager readers give, byte for byte. ``UserError`` names
    an image that cannot be read or has another size than ``first``, which stands for the size of
    all.
    """

    encoded: Encoded
    row_N: NDArray[np.int64]
    shape_CHW: tuple[int, int, int]
    size: tuple[int, int] | None
    first: str

    dtype: ClassVar[np.dtype[np.uint8]] = np.dtype(np.uint8)
    ndim: ClassVar[int] = 4

    @classmethod
    def of(cls, encoded: Encoded, channels: int, size: tuple[int, int] | None) -> LazyImages:
        """All rows of ``encoded``. Without a ``size`` (H, W) the first image is decoded and gives
        it."""
        shape_HW = size or _decoded(encoded, 0, channels, None).shape[1:]
        return cls(encoded, np.arange(len(encoded)), (channels, *shape_HW), size, encoded.where(0))

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self.row_N), *self.shape_CHW)

    def __len__(self) -> int:
        return len(self.row_N)

    def take(self, index: NDArray[np.integer]) -> LazyImages:
        """Only these images, in this order, still encoded."""
        return replace(self, row_N=self.row_N[index])

    def __getitem__(self, key: int | slice | NDArray[np.integer]) -> NDArray[np.uint8]:
        """Decoded images, as numpy's indexing along the first axis would give them."""
        rows = np.asarray(self.row_N[key])
        return self._decode(rows.ravel().tolist()).reshape(*rows.shape, *self.shape_CHW)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Everything, decoded: what ``numpy.asarray`` calls."""
        if copy is False:
            raise ValueError("encoded images cannot become an array without a copy")
        return self[:] if dtype is None else self[:].astype(dtype, copy=False)

    def _decode(self, rows: list[int]) -> NDArray[np.uint8]:
        x_BCHW = np.empty((len(rows), *self.shape_CHW), dtype=np.uint8)

        def fill(places: range) -> None:
            for place in places:
                x_BCHW[place] = self._image(rows[place])

        each = max(1, min(16, len(rows) // (4 * self._threads)))
        groups = [range(at, min(at + each, len(rows))) for at in range(0, len(rows), each)]
        if self._threads == 1 or len(groups) == 1:
            fill(range(len(rows)))
        else:
            # In order, so that the first bad image is the one named.
            for _ in self._pool.map(fill, groups):
                pass
        return x_BCHW

    def _image(self, row: int) -> NDArray[np.uint8]:
        image = _decoded(self.encoded, row, self.shape_CHW[0], self.size)
        if image.shape != self.shape_CHW:
            raise size_differs(self.encoded.where(row), image.shape, self.first, self.shape_CHW)
        return image

    @property
    def _threads(self) -> int:
        _, H, W = self.shape_CHW
        return min(_cores(), 1 + H * W // PIXELS_PER_THREAD)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        # Its threads end when it is collected, and so with these images.
        return ThreadPoolExecutor(self._threads, thread_name_prefix="decode")


Images: TypeAlias = NDArray[np.uint8] | LazyImages
"""Pixels of one part, uint8 (N, C, H, W): in memory, or decoded when indexed."""


def take_images(x_NCHW: Images, index: NDArray[np.integer]) -> Images:
    """Only these images, in this order; encoded ones stay encoded."""
    return x_NCHW.take(index) if isinstance(x_NCHW, LazyImages) else x_NCHW[index]


def chunks(x_NCHW: Images) -> Iterator[NDArray[np.uint8]]:
    """All images in their order, some ``CHUNK_BYTES`` of pixels at a time."""
    each = max(1, CHUNK_BYTES // max(1, int(np.prod(x_NCHW.shape[1:]))))
    for at in range(0, len(x_NCHW), each):
        yield x_NCHW[at : at + each]


def _decoded(
    encoded: Encoded, row: int, channels: int, size: tuple[int, int] | None
) -> NDArray[np.uint8]:
    try:
        data = encoded.read(row)
    except OSError as problem:
        raise UserError(
            f"{encoded.where(row)}: cannot be read ({problem.strerror or problem}). It was there "
            "when the data set was loaded: put it back, or load again."
        ) from problem
    return decode_image(data, encoded.where(row), channels, size)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
