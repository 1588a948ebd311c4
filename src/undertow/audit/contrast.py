"""Contrasts: how a slice's value is set against the whole."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def beyond_overall(
    value_GM: Floats, overall_M: Floats, *, normalise: Literal["member", "constant"] = "member"
) -> Floats:
    """Each slice value of one population's members minus the value over all examples, (G, M); NaN
    stays NaN.

    Its shift between two populations says whether a slice moved more than the model did: the
    quantity of the PIE paper's class test (1911.05248, §3). ``"constant"`` subtracts the
    population's mean, as the paper's code does. ``"member"`` subtracts each member's own value,
    which takes out the spread that a slice merely shares with the whole. The mean shift is the same
    either way, t is not.
    """
    return value_GM - (overall_M if normalise == "member" else overall_M.mean())
