"""What it gains to average members' probabilities: the accuracy of the likeliest class by the mean
of two members, or of all, less the mean accuracy of the same members."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]


def pair_gains(records: Records) -> Floats:
    """(M, M): of each pair of members, 0 on the diagonal; in [−1, 1]. Over the examples of
    ``usable``. ``ValueError`` where probabilities are not kept."""
    proba_MNC, label_N = _known(records)
    own_M = _accuracies(proba_MNC, label_N)
    found_MM = np.zeros((records.M, records.M))
    for a, b in combinations(range(records.M), 2):
        both = float((_answers(proba_MNC[a] + proba_MNC[b]) == label_N).mean())
        found_MM[a, b] = found_MM[b, a] = both - (own_M[a] + own_M[b]) / 2
    return found_MM


def whole_gain(records: Records) -> Floats:
    """(N,): of each example of ``usable``, whether the mean of all members is right, less the share
    of members that are; in [−1, 1]. Its mean is the gain. ``ValueError`` where probabilities are
    not kept."""
    proba_MNC, label_N = _known(records)
    right_N = _answers(proba_MNC.mean(axis=0, dtype=np.float64)) == label_N
    own_N = np.mean([_answers(proba_NC) == label_N for proba_NC in proba_MNC], axis=0)
    return np.asarray(right_N - own_N)


def usable(records: Records) -> NDArray[np.bool_]:
    """(N,): examples with a label and with the probabilities of every member. ``ValueError`` where
    probabilities are not kept."""
    if records.proba_MNC is None:
        raise ValueError(
            f"population '{records.name}' has no probabilities of all {records.C} classes"
        )
    return np.asarray((records.label_N >= 0) & ~np.isnan(records.proba_MNC).any(axis=(0, 2)))


def _known(records: Records) -> tuple[Floats, NDArray[np.int32]]:
    used_N = usable(records)
    assert records.proba_MNC is not None  # usable says so
    return records.proba_MNC[:, used_N], records.label_N[used_N]


def _answers(proba_NC: Floats) -> NDArray[np.intp]:
    return np.asarray(proba_NC.argmax(axis=-1))


def _accuracies(proba_MNC: Floats, label_N: NDArray[np.int32]) -> Floats:
    return np.array([(_answers(proba_NC) == label_N).mean() for proba_NC in proba_MNC])
