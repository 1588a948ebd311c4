"""Means over the epochs that saw an example."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def mean_seen(value_MNE: Floats) -> Floats:
    """(M, N): the mean of what is not NaN; NaN where nothing is."""
    seen_MNE = ~np.isnan(value_MNE)
    count_MN = seen_MNE.sum(axis=-1)
    total_MN = np.where(seen_MNE, value_MNE, 0.0).sum(axis=-1)
    mean_MN: Floats = np.where(count_MN > 0, total_MN / np.maximum(count_MN, 1), np.nan)
    return mean_MN
