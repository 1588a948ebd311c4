"""Area under the margin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.dynamics.instrument import instrument
from undertow.audit.dynamics.over_epochs import mean_seen

Floats = NDArray[np.floating[Any]]


@instrument(
    title="Area under the margin",
    range=(-np.inf, np.inf),
    hard="low",
    high="the label's logit was far above all others through most of training",
    low="another class had the larger logit for long; far below 0 the label may be wrong",
    undefined="no epoch saw the example",
    trace="Trace(), as the paper reads the logits of the steps; it costs nothing",
    paper="2001.10528 (AUM; the authors' code leaves out the first epoch, this does not)",
)
def aum(margin_MNE: Floats) -> Floats:
    """(M, N): the mean over epochs of the label's logit less the largest other."""
    return mean_seen(margin_MNE)
