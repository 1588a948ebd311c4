"""Every answer that anybody gave to an example, one row each.

Few of all classes get a vote on one example (one, where all members agree). So what depends on members' answers only
through these rows is a matrix product over them: far fewer rows than examples × classes, far fewer passes than pairs
of members.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer[Any]]


class Ballots(NamedTuple):
    """One row X per example and answer, by example and then by label; label −1 stands for a missing prediction."""

    example_X: NDArray[np.intp]
    label_X: Ints
    cast_XM: NDArray[np.bool_]
    """Which member gave the answer. Each member gave one answer per example."""


def ballots(pred_MN: Ints) -> Ballots:
    """The rows of (M, N) class indices, negative where a prediction is missing."""
    pred_NM = np.ascontiguousarray(np.maximum(pred_MN, -1).T)
    sorted_NM = np.sort(pred_NM, axis=1)
    first_NM = np.ones(sorted_NM.shape, dtype=np.bool_)
    first_NM[:, 1:] = sorted_NM[:, 1:] != sorted_NM[:, :-1]
    example_X = np.nonzero(first_NM)[0]
    label_X = sorted_NM[first_NM]
    return Ballots(example_X, label_X, pred_NM[example_X] == label_X[:, None])
