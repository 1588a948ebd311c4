"""The values behind the PIE paper's class test: a class's recall set against the accuracy of the whole.

``stats.welch`` of the two populations' values asks whether a class moved by more than the model did.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def class_shift(
    recall_GM: Floats, accuracy_M: Floats, *, normalise: Literal["constant", "member"] = "constant"
) -> NDArray[np.float64]:
    """(G, M): each member's value on each slice minus the accuracy over all examples; range [−1, 1], NaN undefined.

    ``"constant"`` subtracts the population's mean accuracy, as the released code of 1911.05248 does.
    ``"member"`` subtracts each member's own, which takes out the spread that a slice only shares with the whole;
    the two give different t values on the same data.
    """
    value_GM: NDArray[np.float64] = np.asarray(recall_GM, dtype=np.float64)
    overall_M: NDArray[np.float64] = np.asarray(accuracy_M, dtype=np.float64)
    if normalise == "constant":
        overall_M = np.full_like(overall_M, overall_M.mean())
    return np.subtract(value_GM, overall_M[None, :])
