"""How fast an example was learned, over a stated window of epochs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.dynamics.instrument import instrument
from undertow.audit.dynamics.over_epochs import mean_seen
from undertow.card import Words

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@instrument(
    title="Rate of learning",
    range=(-1.0, 1.0),
    hard="neither",
    high="the label became more probable within the window",
    low="it stayed as probable as it was, near 0 or near 1, which confidence says; below 0 it "
    "became less probable",
    undefined="fewer than two epochs of the window saw the example",
    trace="Trace() for what the steps saw, at no cost, where augmentation itself makes labels less "
    "probable; Trace(clean=True) for the network after each epoch, for a forward pass",
    paper="2107.13098 (rate of learning, read from curves of the label's probability; no formula "
    "of it is known to us, so the slope of least squares is ours)",
    words=Words("per epoch", "learned faster", "learned more slowly"),
)
def rate_of_learning(p_label_MNE: Floats, epoch_E: Ints, window: tuple[int, int]) -> Floats:
    """(M, N): the least-squares slope per epoch of the probability of the label, over the epochs
    ``window[0]`` to ``window[1]`` that saw the example."""
    inside_E = (epoch_E >= window[0]) & (epoch_E <= window[1])
    p_MNE = p_label_MNE[..., inside_E]
    epoch_MNE = np.where(np.isnan(p_MNE), np.nan, epoch_E[inside_E].astype(np.float64))
    away_MNE = epoch_MNE - mean_seen(epoch_MNE)[..., None]
    spread_MN = mean_seen(away_MNE**2)
    enough_MN = (~np.isnan(p_MNE)).sum(axis=-1) > 1
    slope_MN = mean_seen(away_MNE * p_MNE) / np.where(enough_MN, spread_MN, 1.0)
    return np.where(enough_MN, slope_MN, np.nan)
