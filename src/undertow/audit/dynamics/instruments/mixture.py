"""The posterior of a mixture of two normals on the losses of an early epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.dynamics.instrument import instrument
from undertow.audit.stats.two_normals import lower_posterior

Floats = NDArray[np.floating[Any]]


@instrument(
    title="Posterior of the low losses",
    range=(0.0, 1.0),
    hard="low",
    high="early in training its loss is of the lower of two heaps",
    low="early in training its loss is of the upper heap: hard, or its label is wrong (below .5, "
    "the paper takes it for wrong)",
    undefined="the epoch did not see the example, or saw no two different losses",
    trace="Trace(clean=True) asks the network as it is after the epoch, as the authors' code does, "
    "for a forward pass; Trace() takes what the steps of the epoch saw, for nothing",
    paper="2002.07394 (DivideMix: the clean probability; there after a warm-up of 10 epochs of 300 "
    "on CIFAR-10, and each of two networks tells it for the other)",
    pooled=True,
)
def low_loss_posterior(loss_MNE: Floats, epoch_E: NDArray[np.integer[Any]], early: int) -> Floats:
    """(M, N): of the losses after epoch ``early``, scaled to [0, 1] over the examples of the trace,
    the posterior probability of the component with the lower mean in a mixture of two normals. A
    wide component may win at both ends, so the largest losses need not have the smallest
    posterior."""
    (at,) = np.flatnonzero(epoch_E == early)
    return np.stack([lower_posterior(loss_N) for loss_N in loss_MNE[..., at]])
