"""What a trace keeps of an example's logits, in NumPy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Values(NamedTuple):
    """Of each example (B,): −log p of its label in nats, the label's logit less the largest other,
    ‖p − e_y‖₂, and the predicted class."""

    loss: NDArray[Any]
    margin: NDArray[Any]
    error: NDArray[Any]
    predicted: NDArray[Any]


UNSEEN = -1
"""In place of a predicted class, where an epoch did not see the example."""


def values_of(logits_BC: NDArray[np.floating[Any]], y_B: NDArray[np.integer[Any]]) -> Values:
    """What a trace keeps of logits (B, C) and class indices (B,): NaN and -1, as of an example that
    was not seen, where they give no probabilities."""
    row_B = np.arange(len(y_B))
    with np.errstate(invalid="ignore", over="ignore"):
        shifted_BC = logits_BC - logits_BC.max(axis=1, keepdims=True)
        away_BC = np.exp(shifted_BC)
        total_B = away_BC.sum(axis=1)
        away_BC /= total_B[:, None]
        away_BC[row_B, y_B] -= 1
        others_BC = logits_BC.copy()
        others_BC[row_B, y_B] = -np.inf
        loss_B = np.log(total_B) - shifted_BC[row_B, y_B]
        none_B = np.isnan(loss_B)
        return Values(
            loss=loss_B,
            margin=np.where(none_B, np.nan, logits_BC[row_B, y_B] - others_BC.max(axis=1)),
            error=np.sqrt(np.einsum("bc,bc->b", away_BC, away_BC)),
            predicted=np.where(none_B, UNSEEN, logits_BC.argmax(axis=1)),
        )
