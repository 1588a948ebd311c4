"""Data maps: how probable the label was on the way, how much that varied, how often it won."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.dynamics.instrument import instrument
from undertow.audit.dynamics.over_epochs import mean_seen

Floats = NDArray[np.floating[Any]]
TRACE = (
    "Trace() for what the steps saw, at no cost; Trace(clean=True) for the network after each "
    "epoch, for a forward pass"
)


@instrument(
    title="Confidence over training",
    range=(0.0, 1.0),
    hard="low",
    high="the label was probable throughout: easy to learn where variability is low too",
    low="the label was improbable throughout: hard to learn, or wrong",
    undefined="no epoch saw the example",
    trace=TRACE,
    paper="2009.10795 (confidence)",
)
def mean_p_label(p_label_MNE: Floats) -> Floats:
    """(M, N): the mean over epochs of the probability of the label."""
    return mean_seen(p_label_MNE)


@instrument(
    title="Variability over training",
    range=(0.0, 0.5),
    hard="neither",
    high="the members could not settle on it: ambiguous",
    low="the label was as probable early as late: easy or hard, which confidence says",
    undefined="fewer than two epochs saw the example",
    trace=TRACE,
    paper="2009.10795 (variability; the population standard deviation, not the corrected one)",
)
def variability(p_label_MNE: Floats) -> Floats:
    """(M, N): the standard deviation over epochs of the probability of the label."""
    mean_MN1 = mean_seen(p_label_MNE)[..., None]
    sd_MN = np.sqrt(mean_seen((p_label_MNE - mean_MN1) ** 2))
    seen_MN = (~np.isnan(p_label_MNE)).sum(axis=-1)
    return np.where(seen_MN > 1, sd_MN, np.nan)


@instrument(
    title="Correctness over training",
    range=(0.0, 1.0),
    hard="low",
    high="right after nearly every epoch",
    low="wrong after nearly every epoch",
    undefined="no epoch saw the example, or it has no label",
    trace=TRACE,
    paper="2009.10795 (correctness; the authors' code counts epochs, this is their share)",
)
def correctness(right_MNE: Floats) -> Floats:
    """(M, N): the share of epochs after which the prediction was right."""
    return mean_seen(right_MNE)
