"""Images of a part of which some are changed: at once, or as they are decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from undertow.lab.data.lazy import Images, LazyImages

Change: TypeAlias = Callable[[int, NDArray[np.uint8]], NDArray[np.uint8]]
"""From a row of the part and its image (C, H, W) to another of that size. It is called from several
threads, in any order, and for one image as often as it is looked at."""


@dataclass(frozen=True, eq=False)
class ChangedImages(LazyImages):
    """Rows of ``inner``, changed where ``chosen_N`` says so."""

    inner: LazyImages
    chosen_N: NDArray[np.bool_]
    change: Change

    def _image(self, row: int) -> NDArray[np.uint8]:
        image = self.inner._image(int(self.inner.row_N[row]))
        return self.change(row, image) if self.chosen_N[row] else image


def changed(x_NCHW: Images, chosen_N: NDArray[np.bool_], change: Change) -> Images:
    """The images with those of ``chosen_N`` changed; encoded ones stay encoded."""
    if isinstance(x_NCHW, LazyImages):
        return ChangedImages(
            encoded=x_NCHW.encoded,
            row_N=np.arange(len(x_NCHW)),
            shape_CHW=x_NCHW.shape_CHW,
            size=x_NCHW.size,
            first=x_NCHW.first,
            inner=x_NCHW,
            chosen_N=chosen_N,
            change=change,
        )
    x_NCHW = x_NCHW.copy()
    for row in np.flatnonzero(chosen_N).tolist():
        x_NCHW[row] = change(row, x_NCHW[row])
    return x_NCHW
