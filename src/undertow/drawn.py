"""Which examples of each class a seed draws. Needs no more than the light install, so that
``undertow plant`` and the data sets of the lab draw alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError


def drawn_by_class(label_N: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """Which examples are drawn: ``share`` of each class, rounded, halves upwards. Which of a class
    depends on ``seed`` and the class alone, so a larger share holds a smaller one. ``UserError``
    for a share outside 0 to 1 or a seed below 0."""
    if not 0 <= share <= 1 or seed < 0:
        raise UserError(
            f"share={share!r}, seed={seed!r}: a share of 0 to 1 and a seed of 0 or more are needed"
        )
    drawn_N = np.zeros(len(label_N), dtype=bool)
    for label in np.unique(label_N):
        rows = np.flatnonzero(label_N == label)
        generator = np.random.default_rng([seed, int(label)])
        drawn_N[generator.permutation(rows)[: int(share * len(rows) + 0.5)]] = True
    return drawn_N
