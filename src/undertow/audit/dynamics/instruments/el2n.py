"""EL2N: how far the probabilities are from the label, early in training."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.dynamics.instrument import instrument

Floats = NDArray[np.floating[Any]]


@instrument(
    title="EL2N",
    range=(0.0, sqrt(2)),
    hard="high",
    high="early in training the members are far from the label",
    low="early in training the members already give the label nearly all probability",
    undefined="the epoch did not see the example",
    trace="Trace(clean=True) asks the network as it is after the epoch, as the paper does, for a "
    "forward pass; Trace() takes what the steps of the epoch saw, for nothing",
    paper="2107.07075 (EL2N score; there the mean over at least ten members)",
)
def el2n(error_MNE: Floats, epoch_E: NDArray[np.integer[Any]], early: int) -> Floats:
    """(M, N): ‖p − e_y‖₂ after epoch ``early``. The paper's score is the mean over members, which
    ``example_columns`` takes."""
    (at,) = np.flatnonzero(epoch_E == early)
    return error_MNE[..., at]
