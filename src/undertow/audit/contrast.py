"""Contrasts: how a slice's value is set against the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def beyond_overall(value_GM: Floats, overall_M: Floats) -> Floats:
    """Each member's slice value minus the same member's value over all examples, (G, M).

    Its shift between two populations says whether a slice moved more than the model did: the quantity of the PIE
    paper's class test (1911.05248, §3). The paper's code subtracts the population's mean, one constant for all
    members; subtracting each member's own value removes the spread that a slice merely shares with the whole
    (``measures.class_shift`` has both).
    """
    return value_GM - overall_M[None, :]
