"""The smallest step that the mean over examples can take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

FINEST = 1e-6
"""Values nearer than this differ by rounding alone: outcomes are kept in single precision."""
ENOUGH = 1_000_000
"""Values from which a step is learned."""


def step_of(*side_MN: Floats) -> float:
    """The least distance between two values of single examples, NaN left out: 1 where they are
    right or wrong, and where all are equal. A mean over n examples moves by that over n."""
    known = np.concatenate([side.ravel()[:ENOUGH] for side in side_MN])
    known = known[~np.isnan(known)]
    if ((known == 0) | (known == 1)).all():
        return 1.0
    gaps = np.diff(np.unique(known.astype(np.float64)))
    return float(np.min(gaps[gaps > FINEST], initial=1.0))
