"""Churn among the members of one population: on how many examples two of them answer
differently."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.measures import churn
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]


def pair_churn(records: Records) -> Floats:
    """(M, M): the share of examples, of those that both answered, on which two members answer
    different classes; in [0, 1], 0 on the diagonal, NaN where two have no answered example in
    common. Reads no label."""
    found_MM = np.zeros((records.M, records.M))
    for a, b in combinations(range(records.M), 2):
        apart_N = churn(records.pred_MN[a], records.pred_MN[b], records.label_N)
        known_N = ~np.isnan(apart_N)
        share = float(apart_N[known_N].mean(dtype=np.float64)) if known_N.any() else float("nan")
        found_MM[a, b] = found_MM[b, a] = share
    return found_MM
