"""When an example was learned, or lost: from which epoch on nothing changed any more."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.dynamics.instrument import instrument
from undertow.card import Words

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@instrument(
    title="Iteration learned",
    range=(1.0, None),
    hard="high",
    high="the prediction settled late",
    low="the prediction was soon what it is in the end, right or wrong",
    undefined="no epoch saw the example",
    trace="Trace(clean=True) for a forward pass an epoch; Trace() at no cost sees other crops and "
    "the network before the step",
    paper="2106.09647 (iteration learned; it counts steps, with 0 for what agrees from the "
    "beginning on, this counts epochs and knows no network before the first)",
    words=Words("epochs", "settled later", "settled earlier"),
)
def iteration_learned(predicted_MNE: Ints, epoch_E: Ints) -> Floats:
    """(M, N): the first epoch from which all predictions are the last one, whatever the label."""
    seen_MNE = predicted_MNE >= 0
    last_MN1 = seen_MNE.shape[-1] - 1 - seen_MNE[..., ::-1].argmax(axis=-1)[..., None]
    final_MN1 = np.take_along_axis(predicted_MNE, last_MN1, axis=-1)
    return _since(np.where(seen_MNE, predicted_MNE == final_MN1, np.nan), epoch_E)


@instrument(
    title="Right for good",
    range=(1.0, None),
    hard="high",
    high="it was learned late; one more than the last epoch says that it is wrong in the end",
    low="it was learned early and kept",
    undefined="no epoch saw the example, or it has no label",
    trace="as of iteration_learned",
    paper="2210.15031 (first-split learning time, from the authors' code; what is wrong in the end "
    "is coded as that paper codes an example that is never forgotten: the horizon + 1)",
    words=Words("epochs", "learned later", "learned earlier"),
)
def right_for_good(right_MNE: Floats, epoch_E: Ints) -> Floats:
    """(M, N): the first epoch from which all predictions are right, the last + 1 where the last one
    is wrong."""
    since_MN = _since(right_MNE, epoch_E)
    seen_MN = (~np.isnan(right_MNE)).any(axis=-1)
    return np.where(seen_MN & np.isnan(since_MN), epoch_E[-1] + 1.0, since_MN)


@instrument(
    title="Wrong for good",
    range=(1.0, None),
    hard="low",
    high="it was lost late; one more than the last epoch says that it is right in the end",
    low="it was lost early, or wrong from the start",
    undefined="no epoch saw the example, or it has no label",
    trace='Trace(clean=True, part="held_out") while members are trained on with other examples: '
    "second-split forgetting",
    paper="2210.15031 (second-split forgetting time, from the authors' code, which evaluates in "
    "train mode; what is never forgotten is coded as the horizon + 1)",
    words=Words("epochs", "lost later", "lost earlier"),
)
def wrong_for_good(right_MNE: Floats, epoch_E: Ints) -> Floats:
    """(M, N): the first epoch from which all predictions are wrong, the last + 1 where the last one
    is right."""
    return right_for_good.function(1.0 - right_MNE, epoch_E)


def _since(holds_MNE: Floats, epoch_E: Ints) -> Floats:
    """(M, N): the first epoch from which it holds to the end, NaN where it does not hold in the
    end; epochs that did not see the example are left out."""
    since_MN = np.full(holds_MNE.shape[:-1], np.nan)
    still_MN = np.ones(holds_MNE.shape[:-1], dtype=np.bool_)
    for e in range(len(epoch_E) - 1, -1, -1):
        still_MN &= holds_MNE[..., e] != 0
        since_MN = np.where(still_MN & (holds_MNE[..., e] == 1), float(epoch_E[e]), since_MN)
    return since_MN
