"""Forgetting events: how often an example that was right became wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.dynamics.instrument import instrument
from undertow.card import Words

Floats = NDArray[np.floating[Any]]


@instrument(
    title="Forgetting events",
    range=(0.0, None),
    hard="high",
    high="it was learned and lost again and again; the number of epochs says that it was never "
    "learned",
    low="once learned it stayed right; 0 is called unforgettable",
    undefined="no epoch saw the example, or it has no label",
    trace="Trace(), as the paper counts what each step sees before it learns; it costs nothing",
    paper="1812.05159 (forgetting event; what was never learned has the largest count in the "
    "authors' code)",
    words=Words("events", "forgotten more often", "forgotten less often"),
)
def forgetting(right_MNE: Floats) -> Floats:
    """(M, N): from one epoch that saw the example to the next, the times that it went from right to
    wrong; E where it was never right, which no count reaches.

    With a trace of every second epoch what happens in between is not counted.
    """
    before_MN = np.full(right_MNE.shape[:-1], np.nan)
    events_MN = np.zeros(right_MNE.shape[:-1])
    ever_MN = np.zeros(right_MNE.shape[:-1], dtype=np.bool_)
    for right_MN in np.moveaxis(right_MNE, -1, 0):
        events_MN += (before_MN == 1) & (right_MN == 0)
        ever_MN |= right_MN == 1
        before_MN = np.where(np.isnan(right_MN), before_MN, right_MN)
    counted_MN = np.where(ever_MN, events_MN, float(right_MNE.shape[-1]))
    return np.where(np.isnan(before_MN), np.nan, counted_MN)
