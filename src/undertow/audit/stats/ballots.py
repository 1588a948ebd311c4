"""Every answer that anybody gave to an example, one row each.

Few of all classes get a vote on one example (one, where all members agree). So what depends on
members' answers only through these rows is a matrix product over them: far fewer rows than examples
× classes, far fewer passes than pairs of members.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer[Any]]


class Ballots(NamedTuple):
    """One row X per example and answer, by example and then by label; label −1 stands for a missing
    prediction."""

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


def modes(pred_MN: Ints, chosen_MS: NDArray[np.bool_]) -> Ints:
    """(N, S): the modal label among each of S choices of members; −1 where it is tied or nobody
    chosen voted.

    ``measures.modal_labels`` for many subsets of one population at once: their votes are one matrix
    product.
    """
    cast = ballots(pred_MN)
    voted_X = np.asarray(cast.label_X >= 0)
    votes_XS = (cast.cast_XM & voted_X[:, None]).astype(np.float32) @ chosen_MS.astype(np.float32)
    starts_N = np.flatnonzero(np.diff(cast.example_X, prepend=-1))
    leads_XS = votes_XS == np.maximum.reduceat(votes_XS, starts_N, axis=0)[cast.example_X]
    leads_XS &= votes_XS > 0
    single_NS = np.add.reduceat(leads_XS, starts_N, axis=0, dtype=np.int32) == 1
    mode_NS: Ints = np.maximum.reduceat(
        np.where(leads_XS, cast.label_X[:, None], -1), starts_N, axis=0
    )
    return np.where(single_NS, mode_NS, -1)
