"""How much two sets of examples have in common, and how much sets drawn at random would have."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]

DRAWS = 2000
SEED = 0


class Overlap(NamedTuple):
    """The Jaccard index, |A ∩ B| / |A ∪ B|, 0 to 1 and NaN for two empty sets, and what sets of the
    same sizes within each class have that are drawn apart: its mean and the range of 95 % of
    them."""

    jaccard: float
    chance: float
    chance_low: float
    chance_high: float

    @property
    def said(self) -> str:
        """For a table."""
        return f"{self.jaccard:.2f} ({self.chance:.2f})"


def overlap(first_N: Bools, second_N: Bools, class_N: NDArray[np.integer]) -> Overlap:
    """Of two sets over the same examples. Within a class both are redrawn, so that two sets which
    lie in the same classes do not seem to have more in common than that."""
    classes = np.unique(class_N)
    inside_CN = class_N == classes[:, None]
    size_C, first_C, second_C = (
        (inside_CN & chosen_N).sum(axis=1)
        for chosen_N in (np.ones_like(first_N), first_N, second_N)
    )
    rng = np.random.default_rng(SEED)
    shape = (DRAWS, len(classes))
    common_DC = rng.hypergeometric(first_C, size_C - first_C, second_C, size=shape)
    both = int(first_N.sum() + second_N.sum())
    index_D = _jaccard(common_DC.sum(axis=1), both)
    low, high = np.quantile(index_D, (0.025, 0.975))
    found = _jaccard(np.array([(first_N & second_N).sum()]), both)
    return Overlap(float(found[0]), float(index_D.mean()), float(low), float(high))


def _jaccard(common_D: NDArray[np.integer], both: int) -> NDArray[np.float64]:
    if both == 0:
        return np.full(len(common_D), np.nan)
    return np.asarray(common_D / (both - common_D))
