"""Brightness and contrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Generators = Sequence[np.random.Generator]


def brightness(x_NCHW: Floats, added: float, rng_N: Generators = ()) -> Floats:
    """The value of HSV (a pixel's largest channel) raised by ``added``, at most to 1; hue and
    saturation stay, so the channels are scaled alike. A grey image is ``x + added``."""
    value_N1HW = x_NCHW.max(axis=1, keepdims=True)
    raised_N1HW = np.minimum(value_N1HW + added, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled_NCHW = x_NCHW * (raised_N1HW / value_N1HW)
    return np.asarray(np.where(value_N1HW > 0, scaled_NCHW, raised_N1HW))


def contrast(x_NCHW: Floats, kept: float, rng_N: Generators = ()) -> Floats:
    """``mean + kept · (x − mean)``, the mean being that of the image's channel."""
    mean_NC11 = x_NCHW.mean(axis=(2, 3), keepdims=True)
    return np.asarray(mean_NC11 + kept * (x_NCHW - mean_NC11))
