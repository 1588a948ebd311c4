"""Which first epochs of a trace may be looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undertow.records.probes import ProbeValues

FEWEST_EXAMPLES, FEWEST_LOOKS = 300, 3
"""With fewer examples nothing is fitted; an example with fewer looks has no verdict."""
FEWEST_EPOCHS = 3
"""That saw any example: with fewer nothing is fitted, and no verdict rests on fewer."""
WINDOWS = 8
KEPT = 0.9
"""Of the examples that have ``FEWEST_LOOKS`` in all epochs, how many have them in a window: what
tells best of the others is no gain for those that it leaves without a verdict."""


def windows_of(epochs: int) -> tuple[int, ...]:
    """How many first epochs may be looked at: ``FEWEST_EPOCHS`` and more, at most ``WINDOWS`` of
    them evenly by their ratios."""
    if epochs < FEWEST_EPOCHS:
        return ()
    ratios = np.geomspace(FEWEST_EPOCHS, epochs, min(WINDOWS, epochs - FEWEST_EPOCHS + 1))
    return tuple(sorted({round(float(e)) for e in ratios}))


def seen_epochs(values: ProbeValues) -> NDArray[np.intp]:
    """Places of the epochs in which a member saw any example."""
    return np.flatnonzero((values.values["predicted"] >= 0).any(axis=(0, 1)))


def looks_of(values: ProbeValues, epochs: int) -> NDArray[np.intp]:
    """(N,): in the first epochs; none of an example without a label."""
    seen_MNE = values.values["predicted"][:, :, :epochs] >= 0
    return np.asarray(np.where(values.label_N >= 0, seen_MNE.sum(axis=(0, 2)), 0))


def able_windows(values: ProbeValues) -> tuple[int, ...]:
    """How many first epochs of the trace may be looked at: ``windows_of`` those that saw any
    example, without those that leave too many of them below ``FEWEST_LOOKS``."""
    seen_E = seen_epochs(values)
    ends = [int(seen_E[window - 1]) + 1 for window in windows_of(len(seen_E))]
    of_all = int((looks_of(values, len(values.entry.epochs)) >= FEWEST_LOOKS).sum())
    return tuple(
        end for end in ends if int((looks_of(values, end) >= FEWEST_LOOKS).sum()) >= KEPT * of_all
    )
