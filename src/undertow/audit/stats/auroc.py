"""How well numbers tell two groups of examples apart, and whether those of another model do so
less well.

The area under the ROC curve is the share of pairs, one example of each group, in which the first
has the larger number. Its error is that of DeLong et al. 1988 (Biometrics 44), from the share that
each single example has.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


class Area(NamedTuple):
    """The area, and what each example (N,) moves it by."""

    value: float
    moved_N: Floats


def area(number_N: Floats, first_N: NDArray[np.bool_]) -> Area:
    """Of numbers without gaps; both groups have examples."""
    from scipy.stats import rankdata  # Here, as it takes a third of the time to start.

    count = int(first_N.sum()), int((~first_N).sum())
    rank_N, share_N = rankdata(number_N), np.empty(len(number_N))
    share_N[first_N] = (rank_N[first_N] - rankdata(number_N[first_N])) / count[1]
    share_N[~first_N] = 1 - (rank_N[~first_N] - rankdata(number_N[~first_N])) / count[0]
    value = float(share_N[first_N].mean())
    return Area(value, (share_N - value) / np.where(first_N, *count))


def error_of(moved_N: Floats, cluster_N: NDArray[np.int64] | None) -> float:
    """The standard error of what examples move by so much; those of one cluster move together."""
    moved_U = moved_N if cluster_N is None else np.bincount(cluster_N, weights=moved_N)
    return float(np.sqrt((moved_U**2).sum()))
