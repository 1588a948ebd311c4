"""Whether the label is among the five likeliest classes; asked where there are many classes.

Of equal probabilities the smaller class comes first, in the order that the population itself gives
its classes, as member files keep the five. So all probabilities and the five alone tell the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.records.schema import TOP_K

FEWEST = 20
"""Classes from which on it is asked: of ten, five are half."""
Float = NDArray[np.float32]


def among_stored(
    top_class_NK: NDArray[np.integer[Any]], label_N: NDArray[np.int32], p_label_N: Float
) -> Float:
    """1 where the label is one of these classes, 0 where not, NaN where its probability is
    unknown."""
    # Class by class: five columns are compared sooner than rows of five are reduced.
    among_N = np.logical_or.reduce([class_N == label_N for class_N in top_class_NK.T])
    return _known(among_N, p_label_N)


def among_all(proba_NC: Float, label_N: NDArray[np.int32], p_label_N: Float) -> Float:
    """The same of all probabilities: fewer than five classes come before the label."""
    p_N1, label_N1 = p_label_N[:, None], label_N[:, None]
    first_NC = np.arange(proba_NC.shape[1]) < label_N1
    before_NC = (proba_NC > p_N1) | ((proba_NC == p_N1) & first_NC)
    return _known(before_NC.sum(axis=1) < TOP_K, p_label_N)


def _known(among_N: NDArray[np.bool_], p_label_N: Float) -> Float:
    return np.where(np.isnan(p_label_N), np.float32(np.nan), among_N.astype(np.float32))
